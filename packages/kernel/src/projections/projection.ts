/** What a projection is: tables that follow from the log, with what it takes to build them again beside the live ones. Types and names. */
import type { JsonValue } from "@roost/base";
import type { Sql } from "@roost/database";
import type { StoredEvent } from "../log/event.ts";

/** A table and what of it follows from the log. */
export interface ProjectedTable {
  /** With its schema: "roost.tick". */
  name: string;
  key: readonly string[];
  /** What is compared, byte by byte, the key included. Other columns are what the place knows and the log does not; a rebuilt row has its own. */
  columns: readonly string[];
  /** SQL: the rows that are compared and rebuilt; what retention has given up is not. */
  where?: string | undefined;
}

/** Where a replay writes: the copy of a live table. */
export type CopyOf = (table: string) => string;

export interface Projection {
  /** "ticks". */
  name: string;
  /** Counts up when `apply` changes what it makes of the same events: a replay that has begun with another one begins anew. */
  version: number;
  topics: readonly string[];
  /** Default: all types of the topics. */
  types?: readonly string[] | undefined;
  tables: readonly ProjectedTable[];
  /**
   * Writes what follows from the events to the copy. Events of one partition come in order, and each once; it reads and writes nothing
   * else that changes, and takes its times from the events.
   */
  apply(tx: Sql, events: readonly StoredEvent[], copyOf: CopyOf): Promise<void>;
  /** What else there is to compare, such as files with their rows in `table`. */
  compareRest?: ((tx: Sql, copyOf: CopyOf) => Promise<ProjectionDifference | undefined>) | undefined;
  /** After the switch: brings what hangs on the tables, such as files, after them. It may be done again. */
  settle?: (() => Promise<void>) | undefined;
}

/** The first place at which what is live is not what the log says; null: there is nothing there. */
export interface ProjectionDifference {
  where: string;
  live: JsonValue;
  log: JsonValue;
}

const replaySchema = "roost_replay";

/** One copy of a table at a time: replays of a projection go on with what they find. */
export function copyOf(table: string): string {
  return `${replaySchema}.${table.replace(".", "_")}`;
}
