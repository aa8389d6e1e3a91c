/** Retries a call while the gateway is away, until it answers or the time is up. */
import { backoffMs, sleepUntilAborted, toRoostError, type Clock, type RoostError } from "@roost/base";

export interface KeepTryingOptions {
  clock: Clock;
  signal?: AbortSignal;
  /** No new attempt after this long; Infinity: no limit. */
  forMs: number;
  /** Called once, at the first failure that is retried. */
  onAway?: (error: RoostError) => void;
}

const retryDelay = { firstMs: 250, maxMs: 5_000 };

/** @throws the last error when it is permanent or the time is up; the signal's reason when aborted */
export async function keepTrying<Result>(attempt: () => Promise<Result>, options: KeepTryingOptions): Promise<Result> {
  const { clock, signal, forMs } = options;
  const startMs = clock.nowMs();
  for (let count = 0; ; count += 1) {
    try {
      return await attempt();
    } catch (thrown) {
      signal?.throwIfAborted();
      const error = toRoostError(thrown);
      const delayMs = backoffMs(count + 1, retryDelay);
      if (!error.retryable || clock.nowMs() - startMs + delayMs > forMs) throw error;
      if (count === 0) options.onAway?.(error);
      await sleepUntilAborted(delayMs, { signal });
      signal?.throwIfAborted();
    }
  }
}
