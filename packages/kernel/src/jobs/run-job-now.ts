/** A tick by hand: keyed, so that the same call starts one run. Overlap and active hours are the tick's as always. */
import { createId, RoostError } from "@roost/base";
import type { Kernel } from "../open-kernel.ts";
import type { JobCause } from "./emit-job-event.ts";
import { lockJob } from "./job-row.ts";
import { readTick, type Tick } from "./read-jobs.ts";
import { recordTicks } from "./record-ticks.ts";

export interface RunJobNowOptions extends JobCause {
  by: string;
  reason?: string;
  /** A second call with the same key answers with the first tick. Default: a fresh key. */
  idempotencyKey?: string;
  /** Start it although another run of the job goes, whatever its overlap policy says. */
  isForced?: boolean;
}

/**
 * Runs a job now, also when it is paused or finished. Its overlap policy holds: the tick can come out as skipped, with the reason.
 * @throws not_found
 */
export async function runJobNow(
  kernel: Kernel,
  jobId: string,
  options: RunJobNowOptions,
): Promise<{ tick: Tick; isRepeated: boolean }> {
  const tickKey = `manual:${options.idempotencyKey ?? createId()}`;
  const isRepeated = await kernel.transact(async (tx) => {
    const found = await lockJob(tx, jobId);
    if (found === undefined)
      throw new RoostError("not_found", `There is no job "${jobId.slice(0, 64)}": look at the list of jobs`);
    const { job, nowMs } = found;
    const recorded = await recordTicks(
      tx,
      [
        {
          job,
          key: tickKey,
          atMs: nowMs,
          outcome: "fire",
          lateMs: 0,
          missedCount: 0,
          why: `started by ${options.by}${options.reason === undefined ? "" : `: ${options.reason}`}`,
          // Who asks for it by hand does not mean the hours of the clock.
          ignoresHours: true,
          isForced: options.isForced ?? false,
          causation: options.causation,
          correlation: options.correlation,
          traceparent: options.traceparent,
        },
      ],
      nowMs,
    );
    return recorded.length === 0;
  });
  const tick = await readTick(kernel, jobId, tickKey);
  if (tick === undefined)
    throw new RoostError("internal", `The tick ${tickKey} of the job "${jobId}" is gone right after it was recorded`);
  return { tick, isRepeated };
}
