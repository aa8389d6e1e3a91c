/** Replays of runs: each in a confined process, few at a time, with a time limit. Nothing is kept. */
import { formatDurationMs, RoostError } from "@roost/base";
import type { ReplayReport } from "@roost/contract/operations";
import type { ReplayTask } from "@roost/rehearsal/replay-task";
import { describeHome, type ConfinedHome } from "../confined/confined-home.ts";
import { runConfined } from "../confined/run-confined.ts";

export interface Replays {
  /**
   * The signal ends it.
   * @throws RoostError as replayRun of @roost/rehearsal; `limit_exceeded` while too many are running; `timeout` when it takes too long
   */
  replay(asked: Pick<ReplayTask, "runId" | "fromSeq">, options: { signal: AbortSignal }): Promise<ReplayReport>;
}

export interface OpenReplaysOptions extends ConfinedHome {
  replayMsMax?: number;
}

const atOnceMax = 2;
/** A run of hundreds of steps takes a second or two; past this it hangs. */
const replayMsMaxDefault = 60_000;
/** It has nothing to clean up. */
const stopMsMax = 1_000;

export function openReplays(options: OpenReplaysOptions): Replays {
  const { environment, shutdown, replayMsMax = replayMsMaxDefault } = options;
  const { program, home } = describeHome(options);
  let goingCount = 0;
  return {
    async replay(asked, { signal }) {
      if (goingCount >= atOnceMax)
        throw new RoostError(
          "limit_exceeded",
          `${goingCount} replays are running, the most at a time: try again in a moment`,
        );
      goingCount += 1;
      const late = AbortSignal.timeout(replayMsMax);
      try {
        return await runConfined<ReplayReport>({
          program,
          environment,
          task: { kind: "replay", ...home, ...asked } satisfies ReplayTask,
          signal: AbortSignal.any([signal, shutdown, late]),
          stopMsMax,
          what: "the replay",
        });
      } catch (error) {
        if (signal.aborted || shutdown.aborted)
          throw new RoostError(
            "unavailable",
            "the replay was cancelled: its caller disconnected, or the gateway is stopping",
            {
              cause: error,
            },
          );
        if (!late.aborted) throw error;
        const message = `the replay of run ${asked.runId} was ended after ${formatDurationMs(replayMsMax)}: the code it executes does not end, or the machine is busy`;
        throw new RoostError("timeout", message, { cause: error });
      } finally {
        goingCount -= 1;
      }
    },
  };
}
