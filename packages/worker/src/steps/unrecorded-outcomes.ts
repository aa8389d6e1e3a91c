// Holds outcomes back: a step's outcome is recorded together with the next step's intent, or with the end of the run, so that a step costs one
// commit. Otherwise it is recorded alone after a short time; none is dropped unrecorded.

import { delay } from "@roost/base";
import { finishStep, type Kernel, type KernelTransaction, type Owned, type FinishedStep } from "@roost/kernel";

/** How long an outcome waits. A crash meanwhile is one between an effect and its record, which can always happen. */
const holdMsMax = 10;
/** What was only read is read again, and the next write is near. */
const readHoldMsMax = 250;

/** Further writes in the transaction that records an outcome. */
export type Alongside = (tx: KernelTransaction) => Promise<void>;

/** What is to be recorded together. */
export interface HeldOutcomes {
  finishing: FinishedStep[];
  alongside?: Alongside | undefined;
}

/** Resolves after this many milliseconds; rejects when the signal is aborted first. */
export type Pause = (ms: number, options: { signal: AbortSignal }) => Promise<void>;

export interface UnrecordedOutcomes {
  /** Whether a held outcome has writes alongside. */
  readonly hasAlongside: boolean;
  hold(outcome: FinishedStep, alongside?: Alongside): void;
  /** Writes together with the held outcomes; if that fails, they stay held. */
  recordWith<T>(write: (held: HeldOutcomes) => Promise<T>): Promise<T>;
  /** Records the held outcomes alone. */
  flush(): Promise<void>;
}

interface Held {
  outcome: FinishedStep;
  alongside: Alongside | undefined;
}

/** For the steps of one claimed run. */
export function createUnrecordedOutcomes(
  kernel: Kernel,
  owned: Owned,
  { pause = delay }: { pause?: Pause } = {},
): UnrecordedOutcomes {
  let held: Held[] = [];
  let pausing: AbortController | undefined;
  let writing: Promise<unknown> = Promise.resolve();

  /** One writer at a time, so that every outcome is in one place. */
  const recordWith = <T>(write: (held: HeldOutcomes) => Promise<T>): Promise<T> => {
    const written = writing.then(async () => {
      pausing?.abort();
      pausing = undefined;
      const taken = held;
      held = [];
      try {
        return await write(together(taken));
      } catch (error) {
        held = [...taken, ...held];
        throw error;
      }
    });
    writing = written.catch(() => undefined);
    return written;
  };
  const flush = () =>
    recordWith(async ({ finishing, alongside }) => {
      for (const [index, outcome] of finishing.entries())
        await finishStep(kernel, owned, outcome, index > 0 || alongside === undefined ? {} : { alongside });
    });

  return {
    get hasAlongside() {
      return held.some(({ alongside }) => alongside !== undefined);
    },
    hold(outcome, alongside) {
      held.push({ outcome, alongside });
      if (pausing !== undefined) return;
      pausing = new AbortController();
      const { signal } = pausing;
      // The next write gets the error.
      void pause(outcome.intent === undefined ? holdMsMax : readHoldMsMax, { signal }).then(
        () => (signal.aborted ? undefined : flush().catch(() => undefined)),
        () => undefined,
      );
    },
    recordWith,
    flush,
  };
}

function together(held: readonly Held[]): HeldOutcomes {
  const writes = held.flatMap(({ alongside }) => (alongside === undefined ? [] : [alongside]));
  return {
    finishing: held.map(({ outcome }) => outcome),
    alongside:
      writes.length > 0
        ? async (tx) => {
            for (const write of writes) await write(tx);
          }
        : undefined,
  };
}
