import type { Database } from "@roost/database";
import type { KeptProcesses } from "./keep-processes.ts";
import type { RandomSource } from "./random-source.ts";

export interface Attacked {
  processes: KeptProcesses;
  database: Database;
  random: RandomSource;
  leaseMs: number;
}

export interface Arena {
  /** As the conductor reaches it, and as the processes do. */
  databaseUrl: string;
  processUrl: string;
  /** Of this machine, where processes find the world outside. */
  address: string;
  /** What stands before the program of the process at a place; nothing: it runs on this host. */
  commandOf?: (place: number) => readonly string[];
  /** `cycle` from 1 on. Resolves to a line that says what it did. */
  inject(attacked: Attacked, cycle: number): Promise<string>;
  /** Everything is in order again, but for the processes. */
  revive(): Promise<void>;
}
