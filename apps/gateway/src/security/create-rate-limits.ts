/**
 * How many calls a caller may make: each has a bucket that fills steadily, and a call takes one out. For callers with a token by the token, for all
 * others by their address. The person's own token has none: it must always get in. In memory: a limit against floods, not an account.
 */
import { RoostError, type Clock } from "@roost/base";

export interface RateLimit {
  /** Calls at once, after a pause. */
  burst: number;
  perSecond: number;
}

export interface RateLimits {
  /** @throws RoostError `limit_exceeded`, with when to try again in `details` */
  take(who: string, limit: RateLimit): RateState;
}

export interface RateState {
  /** Calls that may follow at once. */
  left: number;
  /** Until all may again. */
  fullInS: number;
}

/** Of a token, a device or a script. */
export const callerRate: RateLimit = { burst: 1_000, perSecond: 50 };
/** Of an address, for calls without a token. */
export const addressRate: RateLimit = { burst: 1_000, perSecond: 50 };

/** Buckets that are kept: the one that was used longest ago is forgotten, and is full when it comes back. */
const bucketsMax = 10_000;

export function createRateLimits(clock: Clock): RateLimits {
  const buckets = new Map<string, { left: number; atMs: number }>();
  return {
    take(who, { burst, perSecond }) {
      const nowMs = clock.nowMs();
      const { left: before, atMs } = buckets.get(who) ?? { left: burst, atMs: nowMs };
      const left = Math.min(burst, before + (Math.max(0, nowMs - atMs) / 1_000) * perSecond);
      buckets.delete(who);
      if (buckets.size >= bucketsMax) buckets.delete(buckets.keys().next().value!);
      buckets.set(who, { left: left < 1 ? left : left - 1, atMs: nowMs });
      if (left >= 1) return { left: Math.floor(left - 1), fullInS: (burst - left + 1) / perSecond };
      const retryAfterS = Math.ceil((1 - left) / perSecond);
      throw new RoostError(
        "limit_exceeded",
        `More than ${perSecond} calls a second, and ${burst} at once: try again in ${retryAfterS} s`,
        { details: { retryAfterS } },
      );
    },
  };
}
