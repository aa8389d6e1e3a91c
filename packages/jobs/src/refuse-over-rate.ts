/** Ticks of jobs that skip what exceeds their rate limit: decided before the tick is written, so that its row has the reason. */
import { formatDurationMs, parseDurationMs, type JsonObject } from "@roost/base";
import { readStartLimits, type KernelTransaction, type NewRun } from "@roost/kernel";
import type { JobDefinition, StoredJob } from "./job-row.ts";
import { renderKey } from "./render-key.ts";

/** The tick in question. */
interface RatedTick {
  job: Pick<StoredJob, "id" | "definition">;
  outcome: string;
  input?: JsonObject;
}

/** Why a tick exceeds its rate, or undefined; accepted ticks count for the next. */
export type RefuseOverRate = (tick: RatedTick) => string | undefined;

/** The start limits of the runs of a job, with their keys filled in. Without a key of its own a job is its own key. */
export function startLimitsOfJob(
  id: string,
  { concurrency, rateLimit }: Pick<JobDefinition, "concurrency" | "rateLimit">,
  input: JsonObject,
): Pick<NewRun, "concurrency" | "rateLimit"> {
  const keyOf = (key: string | undefined) => (key === undefined ? `job:${id}` : renderKey(key, input));
  return {
    concurrency: concurrency && { key: keyOf(concurrency.key), max: concurrency.max },
    rateLimit: rateLimit && {
      key: keyOf(rateLimit.key),
      max: rateLimit.max,
      windowMs: parseDurationMs(rateLimit.per),
    },
  };
}

/** The caller has locked the jobs' rows, so only it starts their runs. Other jobs that share the key may start some: then a run waits. */
export async function createRefuseOverRate(
  tx: KernelTransaction,
  ticks: readonly RatedTick[],
): Promise<RefuseOverRate> {
  const rateOf = (tick: RatedTick) =>
    tick.outcome === "fire" && tick.job.definition.rateLimit?.excess === "skip"
      ? startLimitsOfJob(tick.job.id, tick.job.definition, tick.input ?? {}).rateLimit
      : undefined;
  const keys = [...new Set(ticks.flatMap((tick) => rateOf(tick)?.key ?? []))];
  if (keys.length === 0) return () => undefined;
  const startLimits = await readStartLimits(
    tx,
    keys.map((key) => `rate:${key}`),
  );
  const used = new Map(keys.map((key) => [key, startLimits.get(`rate:${key}`)?.used ?? 0]));
  return (tick) => {
    const rate = rateOf(tick);
    if (rate === undefined) return undefined;
    const count = used.get(rate.key) ?? 0;
    if (count >= rate.max)
      return `over its rate limit ${rate.key}: ${count} of ${rate.max} starts in ${formatDurationMs(rate.windowMs)}`;
    used.set(rate.key, count + 1);
    return undefined;
  };
}
