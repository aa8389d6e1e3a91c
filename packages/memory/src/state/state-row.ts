/** Table memory.state. The lock of the state's path is held while a row changes. */
import { RoostError, type JsonValue } from "@roost/base";
import { formatLabels, type Labels } from "@roost/contract/labels";
import type { Sql } from "@roost/database";
import type { KernelTransaction } from "@roost/kernel";
import { hashOf } from "../disk/read-disk-file.ts";
import { authorFields, uuidOf } from "../records/file-records.ts";
import { statePathOf } from "../visibility/home-file-class.ts";
import { placedAt } from "../visibility/placed-at.ts";
import type { Author } from "../visibility/viewer.ts";

export interface StateRow {
  name: string;
  version: number;
  value: JsonValue;
  text: string | null;
  sha256: string | null;
  updatedAt: Date;
  updatedBy: string;
  confirmedAt: Date;
  diskText: string | null;
  diskSha256: string | null;
  labels: number;
  eventId: string;
}

export const stateColumns = `name, version, value, text, sha256, updated_at as "updatedAt", updated_by as "updatedBy",
  confirmed_at as "confirmedAt", disk_text as "diskText", disk_sha256 as "diskSha256", labels, event_id as "eventId"`;

/** The author of edits that did not come through Roost. */
export const outside = "outside";

/** @throws RoostError `invalid_input` when no state can have this name */
export function requireStatePath(name: string): string {
  const path = statePathOf(name);
  if (path !== undefined) return path;
  throw new RoostError(
    "invalid_input",
    `state ${JSON.stringify(name.slice(0, 80))} must be named with letters, digits, dots, - or _, at most 63, like email for memory/email-state.json`,
  );
}

export async function readStateRow(sql: Sql, name: string): Promise<StateRow | undefined> {
  const [row] = await sql.query<StateRow>(`select ${stateColumns} from memory.state where name = $1`, [name], {
    name: "memory_read_state",
  });
  return row;
}

export interface StateChange {
  name: string;
  value: JsonValue;
  /** Exactly what the file must hold; null: no file. */
  text: string | null;
  author: Author;
  /** Labels of the value; its audience follows from the state. */
  labels: Labels;
  note?: string | undefined;
  causation?: string;
}

/** Emits state.changed and makes the value current, version + 1. Does not touch the disk. */
export async function recordStateChange(
  tx: KernelTransaction,
  before: StateRow | undefined,
  change: StateChange,
): Promise<StateRow> {
  const { name, value, text, author } = change;
  const path = requireStatePath(name);
  if (before === undefined) await refuseOtherCase(tx, name);
  const version = (before?.version ?? 0) + 1;
  const data = {
    ...authorFields(author),
    name,
    stateVersion: version,
    value,
    previousSha256: before?.sha256 ?? undefined,
    note: change.note?.slice(0, 2000),
  };
  const labels = placedAt(path, change.labels);
  const eventId = tx.emit({
    type: "state.changed",
    subject: name,
    labels: formatLabels(labels),
    key: path,
    data,
    causation: change.causation,
  });
  const [row] = await tx.query<StateRow>(
    `insert into memory.state as s (name, version, value, text, sha256, updated_at, updated_by, event_id, run_id, labels, confirmed_at)
     values ($1, $2, $3, $4, $5, roost.now(), $6, $7, $8, $9, roost.now())
     on conflict (name) do update set version = $2, value = $3, text = $4, sha256 = $5, updated_at = roost.now(), updated_by = $6, event_id = $7,
       run_id = $8, labels = $9, confirmed_at = roost.now()
     returning ${stateColumns}`,
    [
      name,
      version,
      JSON.stringify(value),
      text,
      text === null ? null : hashOf(text),
      author.by,
      eventId,
      uuidOf(author.runId),
      await tx.labelSet(labels),
    ],
    { name: "memory_save_state" },
  );
  return row!;
}

async function refuseOtherCase(tx: KernelTransaction, name: string): Promise<void> {
  const [other] = await tx.query<{ name: string }>(
    "select name from memory.state where lower(name) = lower($1) and name <> $1",
    [name],
  );
  if (other === undefined) return;
  throw new RoostError(
    "conflict",
    `state "${name}" differs from state "${other.name}" only in case: use "${other.name}"`,
  );
}
