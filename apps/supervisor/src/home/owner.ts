/**
 * The record of who owns a home: written by the owner, read by the next `npm start`, by `roost down` and by people.
 * It is what is said; the claim (lock-home.ts) is what counts.
 */
import { readFile, rm } from "node:fs/promises";
import { writeFileDurably } from "@roost/base";

export type OwnerState = "starting" | "running" | "stopping";

export interface Owner {
  pid: number;
  /** Number and start of the process: a number alone may meanwhile mean another. */
  identity: string;
  /** ISO 8601. */
  startedAt: string;
  state: OwnerState;
  /** The gateway's address, once it is known. */
  url?: string;
  /** Processes whose end is the owner's: npm, when it has started it. */
  starters?: readonly string[];
  /** What the owner has started: whatever of it outlives the owner is ended by the next one. */
  children: { name: string; identity: string }[];
}

/** Undefined when there is none, or none that can be read. */
export async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const found = JSON.parse(await readFile(path, "utf8")) as Partial<Owner>;
    const isOwner = typeof found.pid === "number" && typeof found.identity === "string";
    return isOwner
      ? ({ startedAt: "", state: "running", ...found, children: found.children ?? [] } as Owner)
      : undefined;
  } catch {
    return undefined;
  }
}

export interface OwnerRecord extends AsyncDisposable {
  /** Writes follow each other; the last change wins. A write that fails is told and stops nothing. */
  update(change: Partial<Owner>): void;
  /** Resolves when every change so far is on the disk. */
  written(): Promise<void>;
}

/** Writes the record of this owner; disposing waits for what is being written and removes it. */
export function openOwnerRecord(path: string, first: Owner, onFailure: (error: unknown) => void): OwnerRecord {
  let owner = first;
  let writing: Promise<void> = Promise.resolve();
  const write = () => {
    writing = writing.then(async () => {
      await writeFileDurably(path, `${JSON.stringify(owner, null, 2)}\n`, { mode: 0o600 }).catch(onFailure);
    });
  };
  write();
  return {
    update(change) {
      owner = { ...owner, ...change };
      write();
    },
    written: () => writing,
    async [Symbol.asyncDispose]() {
      await writing;
      await rm(path, { force: true }).catch(onFailure);
    },
  };
}
