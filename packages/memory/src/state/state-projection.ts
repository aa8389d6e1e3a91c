/** State files from the log alone: promise 6. Rows of memory.state follow from `state.changed`, files from the rows. */
import { join } from "node:path";
import type { JsonValue } from "@roost/base";
import { parseLabels } from "@roost/contract/labels";
import type { Sql } from "@roost/database";
import type { CopyOf, Projection, ProjectionDifference, StoredEvent } from "@roost/kernel";
import { hashOf, readDiskFile, textOf } from "../disk/read-disk-file.ts";
import type { Memory, VersionStore } from "../memory.ts";
import { uuidOf } from "../records/file-records.ts";
import { statePathOf } from "../visibility/home-file-class.ts";
import { isSameState, parseState, renderState } from "./parse-state.ts";
import { settleState } from "./settle-state.ts";
import { outside } from "./state-row.ts";

const table = "memory.state";

export function stateProjection(memory: Memory): Projection {
  return {
    name: "state-files",
    version: 1,
    topics: ["home"],
    types: ["state.changed"],
    tables: [
      {
        name: table,
        key: ["name"],
        // The log does not know what the disk holds, nor when a value was confirmed without a change.
        columns: ["name", "version", "value", "text", "sha256", "updated_by", "event_id", "run_id", "labels"],
      },
    ],
    apply: async (tx, events, copyOf) => {
      for (const event of events) await applyChange(memory, tx, event, copyOf);
    },
    compareRest: (tx, copyOf) => compareFiles(memory, tx, copyOf),
    settle: async () => {
      const rows = await memory.kernel.database.query<{ name: string }>("select name from memory.state order by name");
      for (const { name } of rows) await settleState(memory, name);
    },
  };
}

async function applyChange({ versions, kernel }: Memory, tx: Sql, event: StoredEvent, copyOf: CopyOf): Promise<void> {
  const { data } = event;
  const name = String(data["name"]);
  if (statePathOf(name) === undefined) return;
  const value = data["value"] as JsonValue;
  const text = data["by"] === outside ? await textOfEdit(versions, tx, event, value) : renderState(value);
  const [labels] = await kernel.labelSets.number(tx, [parseLabels(event.labels)]);
  const runId = typeof data["runId"] === "string" ? data["runId"] : undefined;
  await tx.query(
    `insert into ${copyOf(table)} (name, version, value, text, sha256, updated_at, updated_by, event_id, run_id, labels, confirmed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $6)
     on conflict (name) do update set version = $2, value = $3, text = $4, sha256 = $5, updated_at = $6, updated_by = $7, event_id = $8, run_id = $9,
       labels = $10, confirmed_at = $6`,
    [
      name,
      Number(data["stateVersion"]),
      JSON.stringify(value),
      text,
      text === null ? null : hashOf(text),
      event.time,
      String(data["by"]),
      event.id,
      uuidOf(runId),
      labels,
    ],
  );
}

/** An edit from outside keeps its formatting: the version is stored by its hash, which the edit's event names. */
async function textOfEdit(
  versions: VersionStore,
  tx: Sql,
  { causation }: StoredEvent,
  value: JsonValue,
): Promise<string | null> {
  // An edit begins its own correlation, so its index finds it.
  const [edit] = await tx.query<{ sha256: string | null }>(
    "select data->>'sha256' as sha256 from roost.event where correlation = $1 and id = $1 and type = 'file.edited'",
    [causation],
  );
  if (edit === undefined) return renderState(value);
  if (edit.sha256 === null) return value === null ? null : renderState(value);
  const bytes = await versions.get(edit.sha256);
  const text = bytes && textOf(bytes);
  if (text === undefined) return renderState(value);
  const parsed = parseState(text);
  return parsed.state === "valid" && isSameState(parsed.value, value) ? text : renderState(value);
}

/** Compares the bytes on disk with those from the log; a pending write counts as a difference, which settling resolves. */
async function compareFiles(memory: Memory, tx: Sql, copyOf: CopyOf): Promise<ProjectionDifference | undefined> {
  const rows = await tx.query<{ name: string; text: string | null; sha256: string | null }>(
    `select name, text, sha256 from ${copyOf(table)} order by name`,
  );
  for (const { name, text, sha256 } of rows) {
    const path = statePathOf(name)!;
    const disk = await readDiskFile(join(memory.homeDir, path));
    if ((disk?.sha256 ?? null) === sha256) continue;
    return { where: path, live: disk === undefined ? null : (textOf(disk.bytes) ?? "no text"), log: text };
  }
  return undefined;
}
