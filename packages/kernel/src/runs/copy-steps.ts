/**
 * Shared by runs that continue the recorded steps of another: their start values, start limits and steps. Used by retry-run.ts, which continues
 * where a run ended, and fork-run.ts, which leaves it earlier.
 */
import type { KernelTransaction } from "../transact.ts";
import { readStartLimits } from "./start-limits.ts";
import type { NewRun, Run } from "./run.ts";

/** The start values of a run that continues another's steps. Its cause is the outcome of that run. */
export function asNew(run: Run): Omit<NewRun, "reason"> {
  return {
    queue: run.queue,
    handler: run.handler,
    input: run.input,
    priority: run.priority,
    retry: run.retry,
    budget: run.budget,
    isRehearsed: run.isRehearsed,
    correlation: run.correlation,
    causation: run.causeId,
    // It continues from what the first had read.
    labelSet: run.labels,
    ...present({
      title: run.title,
      serialKey: run.serialKey,
      agent: run.agent,
      sessionKey: run.sessionKey,
      sessionKind: run.sessionKind,
      timeoutMs: run.timeoutMs,
      traceparent: run.traceparent,
      postconditions: run.postconditions,
      needs: run.needs,
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

/** It passes the start limits of the run it repeats; an unused one allows one at a time. */
export async function sameStartLimits(
  tx: KernelTransaction,
  run: Run,
): Promise<Pick<NewRun, "concurrency" | "rateLimit">> {
  const startLimits = await readStartLimits(
    tx,
    [run.slot, run.rate].filter((startLimit) => startLimit !== null),
  );
  const { slot, rate } = run;
  const windowMs = startLimits.get(rate ?? "")?.windowMs ?? rateWindowMsDefault;
  return {
    concurrency: slot == null ? undefined : { key: slot.slice("slot:".length), max: startLimits.get(slot)?.max ?? 1 },
    rateLimit:
      rate == null ? undefined : { key: rate.slice("rate:".length), max: startLimits.get(rate)?.max ?? 1, windowMs },
  };
}

const rateWindowMsDefault = 60_000;

function present<Fields extends object>(fields: Fields): { [Name in keyof Fields]?: NonNullable<Fields[Name]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as {
    [Name in keyof Fields]?: NonNullable<Fields[Name]>;
  };
}

/**
 * Invariants: a step keeps its idempotency key in every run that repeats it; a step interrupted by the run's end is an intent again, or has its
 * resolution; an unfinished wait has not begun. What the run was told stays. Epoch 0 belongs to no owner: the next one finds an interrupted step.
 */
export async function copySteps(
  tx: KernelTransaction,
  { fromRunId, toRunId, beforeSeq }: { fromRunId: string; toRunId: string; beforeSeq?: number },
): Promise<void> {
  await tx.query(
    `insert into roost.step (run_id, seq, name, kind, effect, state, attempt, epoch, idempotency_key, input_hash, input, output, error, usage,
       cost_usd, reopened, resolution, started_at, ended_at, labels, texts)
     select $2, s.seq, s.name, s.kind, s.effect,
       case i.outcome when 'open' then 'intent' when 'done' then 'done' when 'failed' then 'failed' when 'not_done' then 'failed' else s.state end,
       s.attempt, 0, s.idempotency_key, s.input_hash, s.input,
       case i.outcome when 'done' then s.resolution -> 'output' else s.output end,
       case when i.outcome in ('open', 'done') then null
            when i.outcome is null then s.error
            else jsonb_build_object('code', i.outcome, 'message', s.resolution ->> 'note', 'isRetryable', i.outcome = 'not_done') end,
       s.usage, s.cost_usd, s.reopened or coalesce(i.outcome = 'not_done', false), s.resolution, s.started_at,
       case i.outcome when 'open' then null else s.ended_at end, s.labels,
       case i.outcome when 'done' then null else s.texts end
     from roost.step_all s
     cross join lateral (
       select case when s.error ->> 'code' = 'run_ended' then coalesce(s.resolution ->> 'outcome', 'open') end
     ) as i(outcome)
     where s.run_id = $1 and ($3::integer is null or s.seq < $3) and not (s.kind = 'wait' and coalesce(i.outcome = 'open', false))`,
    [fromRunId, toRunId, beforeSeq ?? null],
  );
}
