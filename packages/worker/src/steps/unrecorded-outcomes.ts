// Outcomes on their way: the outcome of a step is recorded together with the intent of the next one, or with the end of the run,
// so that a step costs one commit. What nothing follows soon is recorded by itself; nothing is given up before it is recorded.

import { delay } from "@roost/base";
import { finishStep, type Kernel, type Owned, type StepOutcome } from "@roost/kernel";

/** How long an outcome waits for company. A crash meanwhile is one between the effect and its record, as there always may be. */
const holdMsMax = 10;

/** Resolves after so many milliseconds; rejects when the signal is aborted first. */
export type Pause = (ms: number, options: { signal: AbortSignal }) => Promise<void>;

export interface UnrecordedOutcomes {
  hold(outcome: StepOutcome): void;
  /** Writes with what is held; if that fails, it is held on. */
  recordWith<T>(write: (outcomes: StepOutcome[]) => Promise<T>): Promise<T>;
  /** Records what is held, by itself. */
  flush(): Promise<void>;
}

/** Of the steps of one claimed run. */
export function createUnrecordedOutcomes(
  kernel: Kernel,
  owned: Owned,
  { pause = delay }: { pause?: Pause } = {},
): UnrecordedOutcomes {
  let held: StepOutcome[] = [];
  let pausing: AbortController | undefined;
  let writing: Promise<unknown> = Promise.resolve();

  /** One writer at a time, so that every outcome is in one place. */
  const recordWith = <T>(write: (outcomes: StepOutcome[]) => Promise<T>): Promise<T> => {
    const written = writing.then(async () => {
      pausing?.abort();
      pausing = undefined;
      const taken = held;
      held = [];
      try {
        return await write(taken);
      } catch (error) {
        held = [...taken, ...held];
        throw error;
      }
    });
    writing = written.catch(() => undefined);
    return written;
  };
  const flush = () =>
    recordWith(async (outcomes) => {
      for (const outcome of outcomes) await finishStep(kernel, owned, outcome);
    });

  return {
    hold(outcome) {
      held.push(outcome);
      if (pausing !== undefined) return;
      pausing = new AbortController();
      const { signal } = pausing;
      // The next write learns what is wrong.
      void pause(holdMsMax, { signal }).then(
        () => (signal.aborted ? undefined : flush().catch(() => undefined)),
        () => undefined,
      );
    },
    recordWith,
    flush,
  };
}
