/** Inserts new runs in one statement: what is decided of each column before it is written. */
import type { KernelTransaction } from "../transact.ts";
import { keyHashOf } from "../log/murmur2.ts";
import { startLimitRows, startLimitsOf } from "./start-limits.ts";
import { retryPolicy } from "./check-new-run.ts";
import { runLimits, type NewRun, type RunState } from "./run.ts";
import { toInsert, type RunInsert } from "./run-table.ts";
import { toJsonText } from "./to-json-text.ts";

/** What a child inherits from the run that starts it. */
export interface Parent {
  id: string;
  epoch: number;
  state: RunState;
  depth: number;
  priority: number;
  correlation: string;
  traceparent: string | null;
  isRehearsed: boolean;
  labels: number;
}

/** A run with everything decided about it before it is written. */
export interface RunDraft {
  id: string;
  request: NewRun;
  parent: Parent | undefined;
  eventId: string;
  /** Set by insertRuns: its agent's current version. */
  agentVersion: number | null;
  priority: number;
  correlation: string;
  labels: number;
}

/** Returns their states. create_runs_1 gives them their places, rows and start limits, and says which runs became ready. */
export async function insertRuns(tx: KernelTransaction, drafts: RunDraft[]): Promise<Map<string, RunState>> {
  if (drafts.length === 0) return new Map();
  const limits = startLimitRows(drafts.map((draft) => draft.request));
  const rows = await tx.query<{ id: string; state: RunState; agentVersion: number | null; queue: string | null }>(
    `select id, state, agent_version as "agentVersion", queue from roost.create_runs_1($1::jsonb, $2::jsonb)`,
    [toRows(drafts), limits.length === 0 ? null : JSON.stringify(limits)],
    { name: "roost_run_create" },
  );
  if (limits.some(({ kind }) => kind === "rate") || drafts.some(({ request }) => request.startAt !== undefined))
    tx.wake("due");
  const byId = new Map(drafts.map((draft) => [draft.id, draft]));
  for (const { id, state, agentVersion, queue } of rows) {
    const draft = byId.get(id);
    if (queue === null) draft!.agentVersion = agentVersion;
    if (state === "ready") tx.wake(`runs:${queue ?? draft!.request.queue ?? "default"}`);
  }
  // What became ready comes last.
  return new Map(rows.filter(({ id }) => byId.has(id)).map(({ id, state }) => [id, state]));
}

/** As JSON by the names of columns, without fields that are not set. Those with one serial key take the last places of its queue, in order. */
function toRows(drafts: RunDraft[]): string {
  const left = new Map<string, number>();
  for (const { request } of drafts)
    if (request.serialKey !== undefined) left.set(request.serialKey, (left.get(request.serialKey) ?? 0) + 1);
  const rows = drafts.map((draft) => {
    const { serialKey, input } = draft.request;
    const count = serialKey === undefined ? 0 : left.get(serialKey)!;
    if (serialKey !== undefined) left.set(serialKey, count - 1);
    const what = `the input of run ${draft.id}`;
    const inputText = toJsonText(input, { what, bytesMax: runLimits.inputBytesMax });
    const row = toInsert({ ...toRecord(draft), serialSeq: serialKey === undefined ? undefined : -count });
    const rest = toJsonText(row, { what: "the definition of a run", bytesMax: Number.MAX_SAFE_INTEGER });
    return `{"input":${inputText},${rest.slice(1)}`;
  });
  return `[${rows.join(",")}]`;
}

/** Without its own budget a run has its agent's. */
function toRecord(draft: RunDraft): RunInsert {
  const { request, parent } = draft;
  const { attemptsMax, ...retry } = retryPolicy(request);
  const { slot, rate } = startLimitsOf(request);
  return {
    id: draft.id,
    keyHash: keyHashOf(draft.id),
    queue: request.queue ?? "default",
    handler: request.handler ?? "agent",
    priority: draft.priority,
    startAt: request.startAt,
    serialKey: request.serialKey,
    agent: request.agent,
    sessionKey: request.sessionKey,
    sessionKind: request.sessionKind,
    jobId: request.job?.id,
    jobVersion: request.job?.version,
    tickKey: request.job?.tickKey,
    scheduledAt: request.job?.scheduledAt,
    lateMs: request.job?.lateMs,
    missedCount: request.job?.missedCount,
    parentRunId: parent?.id,
    parentSeq: request.parent?.seq,
    parentIndex: request.parent?.index,
    depth: parent === undefined ? 0 : parent.depth + 1,
    title: request.title,
    reason: request.reason,
    attemptsMax,
    retry: { attemptsMax, ...retry },
    timeoutMs: request.timeoutMs,
    budget: request.budget,
    isRehearsed: request.isRehearsed ?? parent?.isRehearsed ?? false,
    correlation: draft.correlation,
    causation: request.causation,
    traceparent: request.traceparent ?? parent?.traceparent,
    causeId: draft.eventId,
    postconditions: request.postconditions,
    labels: draft.labels,
    slot,
    rate,
    needs: request.needs,
    ...request.continues,
  };
}
