/**
 * Renews a piece of work so that it does not count as unknown while it runs. A failure stops nothing: the effect has begun, and its end is reported
 * anyway.
 */
import { sleepUntilAborted, toRoostError } from "@roost/base";
import type { RoostClient } from "../connect.ts";

export interface BegunOnce {
  scope: string;
  key: string;
  token: string;
  ttlMs: number;
}

const retryMsMax = 2000;

/** Resolves with the reason once it cannot be renewed, or undefined when aborted. */
export async function keepOnce(
  client: RoostClient,
  begun: BegunOnce,
  { signal }: { signal: AbortSignal },
): Promise<string | undefined> {
  const { ttlMs } = begun;
  let waitMs = ttlMs / 3;
  for (;;) {
    if (!(await sleepUntilAborted(waitMs, { signal }))) return undefined;
    try {
      await client.renewOnce(begun, { signal, timeoutMs: Math.max(1, ttlMs / 3) });
      waitMs = ttlMs / 3;
    } catch (thrown) {
      if (signal.aborted) return undefined;
      const error = toRoostError(thrown);
      if (!error.retryable) return error.message;
      waitMs = Math.min(retryMsMax, ttlMs / 10);
    }
  }
}
