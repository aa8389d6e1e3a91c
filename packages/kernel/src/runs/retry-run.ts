/** A run that ended without success is tried again as a new run that continues from its recorded steps: an ended run never changes. */
import { createId, RoostError } from "@roost/base";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { readGates } from "./admit-runs.ts";
import { createRun, type CreatedRun } from "./create-run.ts";
import { reopenLastWord, reopenTrailingFailures } from "./finish-run.ts";
import { runColumns } from "./run-row.ts";
import { postconditionUnmet, type NewRun, type Run } from "./run.ts";

export interface RetryRequest {
  runId: string;
  reason: string;
  by: string;
}

/**
 * Starts a run with the recorded steps of the ended one: what is done is replayed, effects keep their idempotency keys, the failures at
 * its end are executed again, interrupted steps follow their effect class. Asked again, it returns the run of the first time.
 *
 * @throws RoostError `not_found`; `conflict` when the run has not ended, or is done
 */
export async function retryRun(kernel: Kernel, request: RetryRequest): Promise<CreatedRun> {
  return kernel.transact(async (tx) => {
    // One retry at a time: the second to ask waits here and then finds the first.
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('roost.retry:' || $1::text, 0))`, [request.runId]);
    const [run] = await tx.query<Run>(`select ${runColumns("r")} from roost.run_all r where r.id = $1`, [
      request.runId,
    ]);
    if (run === undefined)
      throw new RoostError("not_found", `no run has the id ${request.runId}: look at the list of runs`);
    if (run.endedAt === null || run.state === "done") {
      throw new RoostError(
        "conflict",
        `run ${run.id} is ${run.state}: only a run that failed, was cancelled or diverged is tried again`,
      );
    }
    const [before] = await tx.query<CreatedRun>('select id as "runId", state from roost.run_all where retry_of = $1', [
      run.id,
    ]);
    if (before !== undefined) return before;
    const created = await createRun(tx, {
      ...asNew(run),
      ...(await sameGates(tx, run)),
      id: createId(),
      reason: `retry of run ${run.id} by ${request.by}: ${request.reason}`.slice(0, 2_000),
    });
    await tx.query("update roost.run set retry_of = $2 where id = $1", [created.runId, run.id]);
    await copySteps(tx, run.id, created.runId);
    await reopenTrailingFailures(tx, created.runId);
    if (run.error?.code === postconditionUnmet) await reopenLastWord(tx, created.runId, run.error);
    return created;
  });
}

function asNew(run: Run): Omit<NewRun, "reason"> {
  return {
    queue: run.queue,
    handler: run.handler,
    input: run.input,
    priority: run.priority,
    retry: run.retry,
    budget: run.budget,
    rehearsal: run.rehearsal,
    correlation: run.correlation,
    causation: run.causeId,
    ...present({
      title: run.title,
      lane: run.lane,
      agent: run.agent,
      sessionKey: run.sessionKey,
      sessionKind: run.sessionKind,
      timeoutMs: run.timeoutMs,
      traceparent: run.traceparent,
      postconditions: run.postconditions,
      job:
        run.jobId === null || run.jobVersion === null || run.tickKey === null
          ? null
          : {
              id: run.jobId,
              version: run.jobVersion,
              tickKey: run.tickKey,
              ...present({ scheduledAt: run.scheduledAt, lateMs: run.lateMs, missedCount: run.missedCount }),
            },
    }),
  };
}

/** It goes through the gates of the run that it repeats; of one that nobody used meanwhile, one at a time. */
async function sameGates(tx: KernelTransaction, run: Run): Promise<Pick<NewRun, "concurrency" | "rateLimit">> {
  const gates = await readGates(
    tx,
    [run.slot, run.rate].filter((gate) => gate !== null),
  );
  const { slot, rate } = run;
  const windowMs = gates.get(rate ?? "")?.windowMs ?? rateWindowMsDefault;
  return {
    ...(slot === null ? {} : { concurrency: { key: slot.slice("slot:".length), max: gates.get(slot)?.max ?? 1 } }),
    ...(rate === null
      ? {}
      : { rateLimit: { key: rate.slice("rate:".length), max: gates.get(rate)?.max ?? 1, windowMs } }),
  };
}

const rateWindowMsDefault = 60_000;

function present<Fields extends object>(fields: Fields): { [Name in keyof Fields]?: NonNullable<Fields[Name]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as {
    [Name in keyof Fields]?: NonNullable<Fields[Name]>;
  };
}

/**
 * Invariants: a step keeps its idempotency key in every run that repeats it; what the end of the run interrupted is an intent again, or
 * what somebody has found out about it since, and a wait that never ended has not begun. What the run had been told it is told again.
 * Epoch 0 is no owner's: the next one finds an interrupted step.
 */
async function copySteps(tx: KernelTransaction, fromRunId: string, toRunId: string): Promise<void> {
  await tx.query(
    `insert into roost.step (run_id, seq, name, kind, effect, state, attempt, epoch, idempotency_key, input_hash, input, output, error, usage,
       cost_usd, reopened, resolution, started_at, ended_at)
     select $2, s.seq, s.name, s.kind, s.effect,
       case i.outcome when 'open' then 'intent' when 'done' then 'done' when 'failed' then 'failed' when 'not_done' then 'failed' else s.state end,
       s.attempt, 0, s.idempotency_key, s.input_hash, s.input,
       case i.outcome when 'done' then s.resolution -> 'output' else s.output end,
       case when i.outcome in ('open', 'done') then null
            when i.outcome is null then s.error
            else jsonb_build_object('code', i.outcome, 'message', s.resolution ->> 'note', 'isRetryable', i.outcome = 'not_done') end,
       s.usage, s.cost_usd, s.reopened or coalesce(i.outcome = 'not_done', false), s.resolution, s.started_at,
       case i.outcome when 'open' then null else s.ended_at end
     from roost.step_all s
     cross join lateral (
       select case when s.error ->> 'code' = 'run_ended' then coalesce(s.resolution ->> 'outcome', 'open') end
     ) as i(outcome)
     where s.run_id = $1 and not (s.kind = 'wait' and coalesce(i.outcome = 'open', false))`,
    [fromRunId, toRunId],
  );
}
