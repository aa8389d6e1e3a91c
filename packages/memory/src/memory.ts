/** What the functions of this room receive: one home and the kernel that records what happens in it. Types only. */
import type { KeptFiles } from "./disk/kept-files.ts";
import type { FileHashes } from "./disk/file-hashes.ts";
import type { LostHistory } from "./history/lost-history.ts";
import type { Calendar } from "./visibility/calendar.ts";
import type { Embedder } from "@roost/agent";
import type { Logger } from "@roost/base";
import type { Kernel } from "@roost/kernel";
import type { ObjectStore } from "@roost/objects";
import type { Settings } from "./settings/settings.ts";

/** Keeps every version of every file by content. */
export type VersionStore = ObjectStore;

/** Where the home's disk is on another machine: what is read is brought here first, what is written goes to the records, and the disk follows. */
export interface HomeMirror {
  /** Brings the files here to what is recorded. Costs one statement while nothing changes. */
  refresh(): Promise<void>;
}

/** The files of a home and what is recorded of them. */
export interface HomeFiles {
  readonly kernel: Kernel;
  /** Absolute, without symbolic links. */
  readonly homeDir: string;
  readonly versions: VersionStore;
  /** The bytes of parts of messages and results. */
  readonly parts: ObjectStore;
  readonly keptFiles: KeptFiles;
  readonly fileHashes: FileHashes;
  readonly lostHistory: LostHistory;
  /** Parts of large files that are taken, by where they are kept: one content has one at a time. */
  readonly partsTaken: Map<string, Promise<unknown>>;
  /** Versions of large files that are being put into the store, by path and hash: whoever wants one meanwhile waits for it. */
  readonly keeping: Map<string, Promise<unknown>>;
  /** Undefined: `homeDir` is the home itself. */
  readonly mirror?: HomeMirror | undefined;
  readonly logger: Logger;
}

/** What a message is meant for; `isNamed`: it names it, else its words are like those that it is known by. */
export interface SuggestedRoute {
  kind: "agent" | "service" | "skill";
  id: string;
  isNamed: boolean;
}

export interface Memory extends HomeFiles, AsyncDisposable {
  /** As read when the memory was opened. */
  readonly settings: Settings;
  /** The text of roost.yaml that they are; undefined when it was held, or they were given. */
  readonly settingsText: string | undefined;
  /** For daily notes and all times that a model is told. */
  readonly timeZone: string;
  readonly calendar: Calendar;
  /** What is of this machine: folders of programs, sockets. The home itself, where that is here. */
  readonly machineDir: string;
  /** Undefined: recall goes by words alone. */
  readonly embedder?: Embedder | undefined;
  /** What a message to main names or clearly means; never for long. Undefined: messages do not arrive in this process. */
  readonly suggestRoute?: ((text: string) => Promise<SuggestedRoute | undefined>) | undefined;
}
