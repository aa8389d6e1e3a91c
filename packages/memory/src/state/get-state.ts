/** Reads states with their age. Edits of a file from outside are taken over first. */
import type { JsonValue } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
import type { Sql } from "@roost/database";
import type { Memory } from "../memory.ts";
import { placedForViewer } from "../visibility/placed-at.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { maySeeFile, refuseUnseen } from "../visibility/visibility.ts";
import { settleState } from "./settle-state.ts";
import { readStateRow, requireStatePath, stateColumns, type StateRow } from "./state-row.ts";

export interface StateSummary {
  name: string;
  path: string;
  version: number;
  updatedAt: Date;
  updatedBy: string;
  /** Since the value was last confirmed, also without a change. */
  ageMs: number;
  /** Of the file's text; null: the file was deleted. */
  sha256: string | null;
}

export interface State extends StateSummary {
  value: JsonValue;
  /** Labels of the value, as they count for the reader. */
  labels: Labels;
}

export interface ReadState {
  /** Default: a person's view, which is all. */
  as?: Viewer | undefined;
}

export interface ListStates extends ReadState {
  /** Where they are read. Default: the database. */
  sql?: Sql;
}

/** Reads a state, after taking over edits of its file; undefined when there is none. */
export async function getState(memory: Memory, name: string, { as }: ReadState = {}): Promise<State | undefined> {
  const path = requireStatePath(name);
  if (as !== undefined) refuseUnseen(as, path);
  await settleState(memory, name);
  const row = await readStateRow(memory.kernel.database, name);
  return (
    row && {
      ...summaryOf(memory, row),
      value: row.value,
      labels: await labelsOf(memory, row, { as, sql: memory.kernel.database }),
    }
  );
}

/** All visible states, by name. Without edits that no scan has noticed yet. */
export async function listStates(
  memory: Memory,
  { as, sql = memory.kernel.database }: ListStates = {},
): Promise<State[]> {
  const rows = await sql.query<StateRow>(`select ${stateColumns} from memory.state order by name limit 1000`, [], {
    name: "memory_list_states",
  });
  const seen = rows.filter(
    (row) => row.text !== null && (as === undefined || maySeeFile(as, requireStatePath(row.name))),
  );
  return Promise.all(
    seen.map(async (row) => ({
      ...summaryOf(memory, row),
      value: row.value,
      labels: await labelsOf(memory, row, { as, sql }),
    })),
  );
}

async function labelsOf(
  { kernel }: Memory,
  row: StateRow,
  { as, sql }: { as: Viewer | undefined; sql: Sql },
): Promise<Labels> {
  const labels = await kernel.labelSets.read(sql, row.labels);
  return as === undefined ? labels : placedForViewer(as, requireStatePath(row.name), labels);
}

function summaryOf(memory: Memory, row: StateRow): StateSummary {
  return {
    name: row.name,
    path: requireStatePath(row.name),
    version: row.version,
    updatedAt: row.updatedAt,
    updatedBy: row.updatedBy,
    ageMs: Math.max(0, memory.kernel.clock.nowMs() - row.confirmedAt.getTime()),
    sha256: row.sha256,
  };
}
