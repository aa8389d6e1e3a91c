/** A projection: tables derived from the log, and how to rebuild them beside the live ones. Types and names. */
import type { JsonValue } from "@roost/base";
import type { Sql } from "@roost/database";
import type { StoredEvent } from "../log/event.ts";

/** A table, and which part of it is derived from the log. */
export interface ProjectedTable {
  /** With its schema: "roost.tick". */
  name: string;
  key: readonly string[];
  /** Compared byte by byte, the key included. Other columns are not in the log; a rebuilt row has its own. */
  columns: readonly string[];
  /** SQL: the rows that are compared and rebuilt; not those dropped by retention. */
  where?: string | undefined;
}

/** Where a replay writes: the copy of a live table. */
export type CopyOf = (table: string) => string;

export interface Projection {
  /** "ticks". */
  name: string;
  /** Increases when `apply` gives different results for the same events: a started replay of another version starts again. */
  version: number;
  topics: readonly string[];
  /** Default: all types of the topics. */
  types?: readonly string[] | undefined;
  tables: readonly ProjectedTable[];
  /**
   * Applies events to the copy. Events of one partition come in order, each once; it reads and writes nothing else that changes, and takes its
   * times from the events.
   */
  apply(tx: Sql, events: readonly StoredEvent[], copyOf: CopyOf): Promise<void>;
  /** Further comparisons, such as files with their rows in `table`. */
  compareRest?: ((tx: Sql, copyOf: CopyOf) => Promise<ProjectionDifference | undefined>) | undefined;
  /** After the switch: updates what depends on the tables, such as files. Repeatable. */
  settle?: (() => Promise<void>) | undefined;
}

/** The first place where the live content differs from the log; null: it does not exist. */
export interface ProjectionDifference {
  where: string;
  live: JsonValue;
  log: JsonValue;
}

const replaySchema = "roost_replay";

/** One copy of a table at a time: a replay continues with an existing one. */
export function copyOf(table: string): string {
  return `${replaySchema}.${table.replace(".", "_")}`;
}
