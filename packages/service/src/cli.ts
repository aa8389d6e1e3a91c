/** Public file `@roost/service/cli`: what a service's own command, `services/<name>/cli.ts`, is given. Types alone. */
import type { Clock } from "@roost/base";
import type { ServiceContract } from "@roost/contract";
import type { ClientOf } from "@roost/contract/client";

export interface ServiceCli {
  /** A client of the service through the gateway. @throws RoostError `unavailable` when none is found */
  connect<Contract extends ServiceContract>(contract: Contract): Promise<ClientOf<Contract>>;
  terminal: ServiceTerminal;
  clock: Clock;
  /** The home's time zone. */
  readZone(): Promise<string>;
  /** Where references to secrets (`env:NAME`, `file:PATH`) lead. */
  secrets: { env: Readonly<Record<string, string | undefined>>; homeDir: string };
  /** Runs `roost WORDS` from the next login on and again when it fails, by launchd or systemd. `purpose` tells units of one home apart. */
  startAtLogin(purpose: string, words: readonly string[]): Promise<AtLogin>;
  /** False: it was not installed. */
  stopAtLogin(purpose: string): Promise<boolean>;
}

export interface AtLogin {
  /** The launchd agent or systemd unit. */
  file: string;
  text: string;
  /** Why nothing was installed: the text belongs into the file. */
  trouble: string | undefined;
}

export interface ServiceTerminal {
  readonly isJson: boolean;
  line(text?: string): void;
  table<Row>(rows: readonly Row[], columns: readonly ServiceColumn<Row>[], whenEmpty: string): void;
  /** The single document of a command's `--json`. */
  json(value: unknown): void;
  /** Raw, to stdout. */
  write(text: string): void;
  /** A remark on stderr. */
  note(text: string): void;
  /** Shows what is going on once it takes longer than a second. */
  progress(text: string): Disposable & { update(text: string): void };
}

export interface ServiceColumn<Row> {
  title: string;
  value: (row: Row) => string;
  /** Minimum width after shrinking. Default: never cut. */
  widthMin?: number;
  /** Columns with higher numbers are dropped first; 1 is never dropped. Default 1. */
  importance?: number;
}
