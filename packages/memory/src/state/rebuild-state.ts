/** State files from the log alone: what promise 6 means. It replays the topic `home` and writes what came of it. */
import { join } from "node:path";
import type { JsonValue } from "@roost/base";
import { readTopic, type KernelTransaction, type OffsetVector, type StoredEvent } from "@roost/kernel";
import { hashOf, readDiskFile, textOf } from "../disk/read-disk-file.ts";
import type { Memory, VersionStore } from "../memory.ts";
import { lockPath } from "../records/file-records.ts";
import { statePathOf, stateNameOf } from "../visibility/home-file-class.ts";
import { isSameState, parseState, renderState } from "./parse-state.ts";
import { settleState } from "./settle-state.ts";
import { outside } from "./state-row.ts";

export interface ReplayedState {
  name: string;
  version: number;
  value: JsonValue;
  /** Null: no file. */
  text: string | null;
  updatedAt: Date;
  updatedBy: string;
  eventId: string;
}

const pageSize = 500;

/** Every state as the log tells it, with the bytes of its file. It changes nothing. */
export async function replayStates(memory: Memory): Promise<Map<string, ReplayedState>> {
  const states = new Map<string, ReplayedState>();
  const edits = new Map<string, { id: string; sha256: string | null }>();
  let after: OffsetVector = {};
  for (;;) {
    const page = await readTopic(memory.kernel.database, {
      topic: "home",
      types: ["state.changed", "file.edited"],
      after,
      limit: pageSize,
    });
    for (const event of page.events) await replay(memory.versions, { states, edits }, event);
    after = page.offsets;
    if (page.isCaughtUp) return states;
  }
}

/** Brings rows and files to what the log says. A state that changes meanwhile is left to its writer. */
export async function rebuildState(memory: Memory): Promise<{ names: string[]; rebuilt: string[] }> {
  const replayed = await replayStates(memory);
  const rebuilt: string[] = [];
  for (const state of replayed.values()) {
    if (await memory.kernel.transact((tx) => rebuildRow(memory, tx, state))) rebuilt.push(state.name);
    await settleState(memory, state.name);
  }
  return { names: [...replayed.keys()].sort(), rebuilt };
}

interface Replay {
  states: Map<string, ReplayedState>;
  /** The last edit from outside of each path. */
  edits: Map<string, { id: string; sha256: string | null }>;
}

/** An edit and the change that it led to share a partition, so the edit comes first. */
async function replay(versions: VersionStore, { states, edits }: Replay, event: StoredEvent): Promise<void> {
  if (event.type === "file.edited") {
    const path = String(event.data["path"]);
    const sha256 = event.data["sha256"];
    if (stateNameOf(path) !== undefined)
      edits.set(path, { id: event.id, sha256: typeof sha256 === "string" ? sha256 : null });
    return;
  }
  const name = String(event.data["name"]);
  const path = statePathOf(name);
  if (path === undefined) return;
  const value = event.data["value"] as JsonValue;
  const edit = edits.get(path);
  const isTaken = event.data["by"] === outside && edit !== undefined && edit.id === event.causation;
  states.set(name, {
    name,
    version: Number(event.data["stateVersion"]),
    value,
    text: isTaken ? await textOfEdit(versions, edit.sha256, value) : renderState(value),
    updatedAt: event.time,
    updatedBy: String(event.data["by"]),
    eventId: event.id,
  });
}

/** What somebody wrote keeps the form that he gave it. */
async function textOfEdit(versions: VersionStore, sha256: string | null, value: JsonValue): Promise<string | null> {
  if (sha256 === null) return value === null ? null : renderState(value);
  const bytes = await versions.get(sha256);
  const text = bytes && textOf(bytes);
  if (text === undefined) return renderState(value);
  const parsed = parseState(text);
  return parsed.state === "valid" && isSameState(parsed.value, value) ? text : renderState(value);
}

async function rebuildRow(memory: Memory, tx: KernelTransaction, state: ReplayedState): Promise<boolean> {
  const path = statePathOf(state.name)!;
  await lockPath(tx, path);
  const disk = await readDiskFile(join(memory.homeDir, path));
  const sha256 = state.text === null ? null : hashOf(state.text);
  // A file that is right already is known; another one is an edit of a version that nobody knows, and meets the present one as such.
  const isOnDisk = disk !== undefined && disk.sha256 === sha256;
  const rows = await tx.query(
    `insert into memory.state as s (name, version, value, text, sha256, updated_at, updated_by, event_id, confirmed_at, disk_text, disk_sha256)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $6, $9, $10)
     on conflict (name) do update set version = $2, value = $3, text = $4, sha256 = $5, updated_at = $6, updated_by = $7, event_id = $8
       where s.version < $2 or (s.version = $2 and (s.text is distinct from $4 or s.value <> $3::jsonb))
     returning name`,
    [
      state.name,
      state.version,
      JSON.stringify(state.value),
      state.text,
      sha256,
      state.updatedAt,
      state.updatedBy,
      state.eventId,
      isOnDisk ? state.text : null,
      isOnDisk ? sha256 : null,
    ],
  );
  return rows.length > 0;
}
