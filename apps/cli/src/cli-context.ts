import type { Clock } from "@roost/base";
import type { CliConfig } from "./config.ts";
import type { Connection } from "./connect.ts";
import type { Terminal } from "./print/create-terminal.ts";

/** What every command receives. */
export interface CliContext {
  config: CliConfig;
  clock: Clock;
  terminal: Terminal;
  /** @throws RoostError `unavailable` or `unauthenticated` when no gateway can be reached */
  connect(options?: { isQuiet?: boolean }): Promise<Connection>;
  /** The exit code of the process; 0 unless a command says otherwise. */
  exitWith(code: number): void;
}
