/**
 * The one way a run ends: by its owner, a cancel, a time limit, a crash loop, a divergence. Closes what is open (intents, waits, reservations),
 * tells a waiting parent, and passes the serial key on. The caller has locked the runs with their parents (lockRuns) and decided their outcome.
 */
import type { JsonValue } from "@roost/base";
import { settleReservations } from "./settle-reservations.ts";
import { formatLabels } from "@roost/contract/labels";
import type { KernelTransaction } from "../transact.ts";
import { releaseLimitedRuns } from "./start-limits.ts";
import {
  emitRunEvent,
  emitStepEvent,
  eventError,
  eventOutput,
  eventReason,
  eventSpent,
  type EventStep,
} from "./emit-run-event.ts";
import { lockDescendants, type RunHead } from "./lock-runs.ts";
import { updateEndedRuns, wordsOf, type EndedRow, type EndWords, type RunEnd } from "./update-ended-runs.ts";
import { promoteSerialKeys } from "./promote-serial-keys.ts";
import { requestCancel } from "./request-cancel.ts";
import { resumeRuns, type Resumption } from "./resume-runs.ts";
import { type Effect, type RunError, type WaitResult } from "./run.ts";

interface Ending extends RunEnd, EndWords {}

/** Ends the runs, and cancels what is running below those that did not succeed. */
export async function endRuns(tx: KernelTransaction, ends: RunEnd[]): Promise<void> {
  const all = (await withDescendants(tx, ends)).map((end): Ending => ({ ...end, ...wordsOf(end.run.id, end.output) }));
  if (all.length === 0) return;
  const [, rows] = await Promise.all([
    settleReservations(
      tx,
      all.map((end) => end.run),
    ),
    updateEndedRuns(
      tx,
      all.map((end) => ({ ...end, runId: end.run.id, epoch: end.run.epoch, fromState: end.run.state })),
    ),
  ]);
  const ended = all.flatMap((end) => {
    const row = rows.get(end.run.id);
    return row === undefined ? [] : [{ end, row }];
  });
  await closeSteps(
    tx,
    ended.filter(({ row }) => row.hasOpenSteps).map(({ end }) => end),
  );
  await withdrawWaits(
    tx,
    ended.filter(({ row }) => row.hasOpenWait).map(({ end }) => end.run.id),
  );
  for (const { end, row } of ended) emitEnd(tx, end, row);
  await tellParents(
    tx,
    ended.filter(({ row }) => row.isAwaited).map(({ end }) => end),
  );
  await promoteSerialKeys(
    tx,
    ended.flatMap(({ end }) => (end.run.serialKey === null ? [] : [end.run.serialKey])),
    ended.map(({ end }) => end.run.id),
  );
  await releaseLimitedRuns(
    tx,
    ended.map(({ end }) => end.run.slot),
  );
}

async function withDescendants(tx: KernelTransaction, ends: RunEnd[]): Promise<RunEnd[]> {
  const unsuccessful = ends.filter((end) => end.state !== "done").map((end) => end.run.id);
  if (unsuccessful.length === 0) return ends;
  const known = new Set(ends.map((end) => end.run.id));
  const below = (await lockDescendants(tx, unsuccessful)).filter((run) => !known.has(run.id));
  const why = { reason: "the run that started it ended without success", by: "kernel" };
  await requestCancel(
    tx,
    below.filter((run) => run.state === "running"),
    why,
  );
  const idle = below.filter((run) => run.state !== "running");
  return [...ends, ...idle.map((run): RunEnd => ({ run, state: "cancelled", ...why, isTaken: true }))];
}

interface ClosedStep extends EventStep {
  runId: string;
  effect: Effect;
  state: "failed" | "unknown";
  idempotencyKey: string;
}

/** An effect in flight when its run ended has an unknown outcome; other steps just did not finish. */
async function closeSteps(tx: KernelTransaction, ends: Ending[]): Promise<void> {
  if (ends.length === 0) return;
  const rows = await tx.query<ClosedStep>(
    `update roost.step s set
       state = case when s.state = 'intent' and s.effect <> 'readonly' then 'unknown' else 'failed' end,
       error = jsonb_build_object('code', 'run_ended', 'message', 'the run ended before this step did'),
       ended_at = roost.now()
     where s.run_id = any($1::uuid[]) and s.state in ('intent', 'waiting')
     returning s.run_id as "runId", s.seq, s.name, s.kind, s.attempt, s.effect, s.state, s.idempotency_key as "idempotencyKey"`,
    [ends.map((end) => end.run.id)],
  );
  const runs = new Map(ends.map((end) => [end.run.id, end.run]));
  for (const row of rows.toSorted((a, b) => a.seq - b.seq)) {
    if (row.state !== "unknown") continue;
    emitStepEvent(tx, "step.unknown", runs.get(row.runId)!, row, {
      effect: row.effect,
      idempotencyKey: row.idempotencyKey,
      reason: "the run ended while this effect was in flight",
    });
  }
}

async function withdrawWaits(tx: KernelTransaction, runIds: string[]): Promise<void> {
  if (runIds.length === 0) return;
  await tx.query(
    "update roost.wait set resolved_at = roost.now() where run_id = any($1::uuid[]) and resolved_at is null",
    [runIds],
  );
  await tx.query(`update roost.question set state = 'withdrawn' where run_id = any($1::uuid[]) and state = 'open'`, [
    runIds,
  ]);
}

async function tellParents(tx: KernelTransaction, ends: Ending[]): Promise<void> {
  if (ends.length === 0) return;
  const waits = await tx.query<{ runId: string; seq: number; childRunId: string }>(
    `select run_id as "runId", seq, child_run_id as "childRunId" from roost.wait
     where child_run_id = any($1::uuid[]) and resolved_at is null order by run_id`,
    [ends.map((end) => end.run.id)],
  );
  const children = new Map(ends.map((end) => [end.run.id, end]));
  const resumptions: Resumption[] = [];
  for (const { runId, seq, childRunId } of waits) {
    const child = children.get(childRunId)!;
    const result = { kind: "child", run: await childResult(tx, child) } as const;
    resumptions.push({ runId, seq, result, reason: "the run it waited for has ended", causation: child.eventId });
  }
  await resumeRuns(tx, resumptions);
}

async function childResult(tx: KernelTransaction, end: Ending): Promise<Extract<WaitResult, { kind: "child" }>["run"]> {
  return {
    id: end.run.id,
    state: end.state,
    output: JSON.parse(end.outputText) as JsonValue,
    error: end.error ?? null,
    labels: formatLabels(await tx.readLabels(end.run.labels)),
  };
}

function emitEnd(tx: KernelTransaction, end: Ending, row: EndedRow): void {
  const run: RunHead = { ...end.run, costUsd: row.costUsd, tokens: row.tokens };
  const spent = eventSpent(run, row.nowMs);
  const output = eventOutput(end.output, end.outputText);
  const options = { id: end.eventId };
  const reason = end.reason === undefined ? {} : { reason: eventReason(end.reason) };
  const error = end.error ?? { code: "internal", message: "it failed without saying why" };
  switch (end.state) {
    case "done":
      emitRunEvent(tx, "run.done", run, { ...spent, ...output, ...reason }, options);
      break;
    case "failed":
      emitRunEvent(
        tx,
        "run.failed",
        run,
        { ...spent, ...output, ...reason, error: eventError(error), attempt: run.attempt },
        options,
      );
      break;
    case "cancelled": {
      const why = {
        reason: eventReason(run.cancelReason ?? end.reason ?? "cancelled"),
        by: run.cancelBy ?? end.by ?? "owner",
      };
      emitRunEvent(tx, "run.cancelled", run, { ...spent, ...output, ...why }, options);
      break;
    }
    case "outdated":
      emitRunEvent(
        tx,
        "run.outdated",
        run,
        { ...spent, loopVersion: run.loopVersion ?? 1, reason: eventReason(error.message) },
        options,
      );
      break;
    case "diverged":
      emitRunEvent(
        tx,
        "run.diverged",
        run,
        { ...spent, ...divergence(error), reason: eventReason(error.message) },
        options,
      );
      break;
  }
}

function divergence(error: RunError): { seq: number; recorded?: unknown; replayed?: unknown } {
  const details = (error.details ?? {}) as { seq?: number; recorded?: unknown; replayed?: unknown };
  return { seq: details.seq ?? 0, recorded: details.recorded, replayed: details.replayed };
}
