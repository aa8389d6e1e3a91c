/** Changes a state: the value goes to the log, the file follows. */
import { RoostError, type JsonValue } from "@roost/base";
import { joinLabels, openLabels, type Labels } from "@roost/contract/labels";
import { rememberResult, type KernelTransaction } from "@roost/kernel";
import type { Memory } from "../memory.ts";
import { filesChannel, lockPath } from "../records/file-records.ts";
import { placedForViewer } from "../visibility/placed-at.ts";
import type { Author, Viewer } from "../visibility/viewer.ts";
import { refuseUnwritable } from "../visibility/visibility.ts";
import { applyMergePatch } from "./merge-state.ts";
import { isSameState, problemOf, renderState, stateBytesMax } from "./parse-state.ts";
import { settleState } from "./settle-state.ts";
import { readStateRow, recordStateChange, requireStatePath, type StateRow } from "./state-row.ts";

export interface SetState extends Author {
  /** `email` for memory/email-state.json. */
  name: string;
  /** The whole new value. */
  value?: JsonValue;
  /** Or the changes to it: JSON Merge Patch, RFC 7396. */
  patch?: JsonValue;
  /** Refused when the state has another version; 0: it must not exist yet. */
  expectedVersion?: number | undefined;
  /** Refused when the file has another text; "absent": it must not exist. */
  expectedSha256?: string;
  note?: string | undefined;
  /** The same change under the same key is made once. */
  idempotencyKey?: string | undefined;
  /** On whose behalf; default: a person. */
  as?: Viewer | undefined;
}

interface StateNow {
  version: number;
  value: JsonValue;
  sha256: string | null;
  /** Labels of the value. */
  labels: Labels;
}

export type SetStateOutcome =
  | ({ state: "changed" | "unchanged" } & StateNow)
  /** The state is not the expected one: read it and decide again. */
  | ({ state: "conflict" } & StateNow);

/**
 * Changes a state and writes its file. Edits of the file from outside are taken over first.
 * @throws RoostError `invalid_input` for an invalid value, `forbidden` when the viewer may not change it
 */
export async function setState(memory: Memory, change: SetState): Promise<SetStateOutcome> {
  await settleState(memory, change.name);
  const outcome = await memory.kernel.transact((tx) => changeState(tx, change));
  if (outcome.state === "changed") {
    await settleState(memory, change.name);
    if (memory.mirror !== undefined) memory.kernel.wakeups.wake(filesChannel);
  }
  return outcome;
}

/** The same within a transaction. The caller requests settleState or a scan after the commit, which writes the file. */
export async function changeState(tx: KernelTransaction, change: SetState): Promise<SetStateOutcome> {
  const path = requireStatePath(change.name);
  if (change.as !== undefined) refuseUnwritable(change.as, path);
  if ((change.value === undefined) === (change.patch === undefined)) {
    throw new RoostError("invalid_input", `state "${change.name}": give either value or patch`);
  }
  await lockPath(tx, path);
  const { idempotencyKey } = change;
  if (idempotencyKey === undefined) return makeChange(tx, change);
  const remembered = await rememberResult(
    tx,
    { scope: `memory.state:${change.name}`, key: idempotencyKey },
    async () => (await makeChange(tx, change)) as unknown as JsonValue,
  );
  return remembered.result as unknown as SetStateOutcome;
}

async function makeChange(tx: KernelTransaction, change: SetState): Promise<SetStateOutcome> {
  const before = await readStateRow(tx, change.name);
  if (isUnexpected(before, change)) {
    return {
      state: "conflict",
      version: before?.version ?? 0,
      value: before?.value ?? null,
      sha256: before?.sha256 ?? null,
      labels: await labelsOfRow(tx, before, change),
    };
  }
  const value = change.patch === undefined ? change.value! : applyMergePatch(before?.value, change.patch);
  refuseUnfit(change.name, value);
  if (before !== undefined && before.text !== null && isSameState(before.value, value)) {
    await tx.query("update memory.state set confirmed_at = roost.now() where name = $1", [change.name]);
    const labels = await labelsOfRow(tx, before, change);
    return { state: "unchanged", version: before.version, value, sha256: before.sha256, labels };
  }
  const { by, runId, sessionKey, sessionKind } = change;
  const author: Author = {
    by,
    runId,
    sessionKey,
    sessionKind,
  };
  const row = await recordStateChange(tx, before, {
    name: change.name,
    value,
    text: renderState(value),
    author,
    labels: await labelsOfChange(tx, before, change),
    note: change.note,
  });
  const labels = await labelsOfRow(tx, row, change);
  return { state: "changed", version: row.version, value: row.value, sha256: row.sha256, labels };
}

/** A patch keeps the labels of what it does not touch. */
async function labelsOfChange(tx: KernelTransaction, before: StateRow | undefined, change: SetState): Promise<Labels> {
  const { labels = openLabels } = change;
  if (change.patch === undefined || before === undefined || before.text === null) return labels;
  return joinLabels(labels, await tx.readLabels(before.labels));
}

async function labelsOfRow(tx: KernelTransaction, row: StateRow | undefined, { name, as }: SetState): Promise<Labels> {
  const labels = row === undefined ? openLabels : await tx.readLabels(row.labels);
  return as === undefined ? labels : placedForViewer(as, requireStatePath(name), labels);
}

function isUnexpected(row: StateRow | undefined, { expectedVersion, expectedSha256 }: SetState): boolean {
  if (expectedVersion !== undefined && expectedVersion !== (row?.version ?? 0)) return true;
  return expectedSha256 !== undefined && expectedSha256 !== (row?.sha256 ?? "absent");
}

function refuseUnfit(name: string, value: JsonValue): void {
  const problem = problemOf(value);
  if (problem !== undefined) throw new RoostError("invalid_input", `state "${name}" cannot be set: ${problem}`);
  const bytes = Buffer.byteLength(renderState(value));
  if (bytes > stateBytesMax) {
    throw new RoostError(
      "limit_exceeded",
      `state "${name}" would have ${bytes} bytes (limit ${stateBytesMax}): keep what changes in it and put the rest in a file`,
    );
  }
}
