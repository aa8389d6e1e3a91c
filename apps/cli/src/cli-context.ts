import type { Readable, Writable } from "node:stream";
import type { Clock } from "@roost/base";
import type { CliConfig } from "./config.ts";
import type { Connection } from "./connect.ts";
import type { PrintStream, Terminal } from "./print/create-terminal.ts";

export interface CliStreams {
  stdin: Readable & { isTTY?: boolean };
  /** For what is not printed by the terminal: the output of another command, a line that is edited. */
  stdout: Writable & PrintStream;
}

/** What every command receives. */
export interface CliContext extends CliStreams {
  config: CliConfig;
  clock: Clock;
  terminal: Terminal;
  /** @throws RoostError `unavailable` or `unauthenticated` when no gateway can be reached */
  connect(options?: { isQuiet?: boolean }): Promise<Connection>;
  /** The exit code of the process; 0 unless a command says otherwise. */
  exitWith(code: number): void;
}
