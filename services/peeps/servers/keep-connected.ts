/** A source that is read over a connection: opened again whenever it is lost, until it is stopped. */
import { backoffMs, RoostError, sleepUntilAborted } from "@roost/base";

export interface KeepConnectedOptions {
  /** A connection that was lost is opened again; this tells of it. */
  onLost: (reason: string) => void;
  signal: AbortSignal;
}

/**
 * Waits longer from failure to failure, and as after the first one when `onNews` was called meanwhile.
 * @param readOn as long as one connection lasts
 * @throws RoostError what it throws, but `unavailable`
 */
export async function keepConnected(
  readOn: (onNews: () => void) => Promise<void>,
  { onLost, signal }: KeepConnectedOptions,
): Promise<void> {
  for (let tries = 1; !signal.aborted; tries += 1) {
    try {
      await readOn(() => (tries = 1));
    } catch (error) {
      if (error instanceof RoostError && error.code !== "unavailable") throw error;
      if (signal.aborted) return;
      onLost(error instanceof Error ? error.message : String(error));
    }
    await sleepUntilAborted(backoffMs(tries, { firstMs: 1000, maxMs: 60_000 }), { signal });
  }
}
