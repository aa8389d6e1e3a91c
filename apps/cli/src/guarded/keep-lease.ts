/**
 * Renews a lock's lease in the background and reports its loss early enough to stop the command before another holder can start. Time counts from
 * when a renewal was sent, so that a slow answer never makes the lease look longer.
 */
import { sleepUntilAborted, toRoostError, type Clock } from "@roost/base";
import type { RoostClient } from "../connect.ts";

export interface Lease {
  name: string;
  holder: string;
  epoch: number;
  ttlMs: number;
  /** When the request that acquired it was sent. */
  takenAtMs: number;
}

export interface KeepLeaseOptions {
  clock: Clock;
  /** How long before its end the lease counts as lost. */
  marginMs: number;
  signal: AbortSignal;
  /** Called at the start and at each renewal with the time until which the lease does not count as lost. */
  onKept?: (safeUntilMs: number) => void;
  /** Called with true when the gateway stops answering, with false when it answers again. */
  onAway: (isAway: boolean) => void;
}

const retryMsMax = 2000;

/** Resolves with the reason once the lease is lost, or undefined when aborted. */
export async function keepLease(
  client: RoostClient,
  lease: Lease,
  options: KeepLeaseOptions,
): Promise<string | undefined> {
  const { clock, signal, marginMs } = options;
  const { name, holder, epoch, ttlMs } = lease;
  let safeUntilMs = lease.takenAtMs + ttlMs - marginMs;
  let isAway = false;
  let waitMs = ttlMs / 3;
  options.onKept?.(safeUntilMs);
  for (;;) {
    const leftMs = safeUntilMs - clock.nowMs();
    if (leftMs <= 0) return "the gateway could not be reached before the lease ended";
    if (!(await sleepUntilAborted(Math.min(waitMs, leftMs), { signal }))) return undefined;
    const sentAtMs = clock.nowMs();
    if (sentAtMs >= safeUntilMs) continue;
    try {
      const timeoutMs = Math.max(1, safeUntilMs - sentAtMs);
      const answer = await client.renewLock({ name, holder, epoch, ttlMs }, { signal, timeoutMs });
      if (!answer.isHeld) {
        return answer.holder === null ? "the lease had expired" : `${answer.holder} holds the lock now`;
      }
      safeUntilMs = sentAtMs + ttlMs - marginMs;
      options.onKept?.(safeUntilMs);
      waitMs = ttlMs / 3;
      if (isAway) options.onAway(false);
      isAway = false;
    } catch (thrown) {
      if (signal.aborted) return undefined;
      const error = toRoostError(thrown);
      if (!error.retryable) return error.message;
      if (!isAway) options.onAway(true);
      isAway = true;
      waitMs = Math.min(retryMsMax, ttlMs / 10);
    }
  }
}
