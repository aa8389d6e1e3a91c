/** Waiting in a product loop, ended at once by its signal. Tests do not sleep; a wait that must survive a restart is a wait of the kernel. */
import { RoostError } from "./roost-error.ts";

export interface DelayOptions {
  signal?: AbortSignal | undefined;
  /** Whether the wait keeps the process alive. Default true. */
  keepAlive?: boolean;
}

/** setTimeout fires at once for longer delays (24.8 days), so those are split. */
const timerMsMax = 2_147_483_647;

/**
 * Resolves after `ms`.
 * @throws the signal's reason when it is aborted first
 */
export async function delay(ms: number, options: DelayOptions = {}): Promise<void> {
  const passed = await sleepUntilAborted(ms, options);
  if (!passed) throw options.signal?.reason;
}

/** Resolves to true after `ms`, or to false as soon as the signal is aborted. Never rejects for an abort. */
export function sleepUntilAborted(ms: number, options: DelayOptions = {}): Promise<boolean> {
  if (Number.isNaN(ms)) throw new RoostError("internal", "a delay of NaN milliseconds was requested");
  const { signal } = options;
  if (signal?.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    let leftMs = Math.max(0, ms);
    let timer: ReturnType<typeof setTimeout>;
    const arm = () => {
      const partMs = Math.min(leftMs, timerMsMax);
      leftMs -= partMs;
      timer = setTimeout(leftMs > 0 ? arm : () => finish(true), partMs);
      if (options.keepAlive === false) timer.unref();
    };
    const onAbort = () => finish(false);
    const finish = (passed: boolean) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      resolve(passed);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    arm();
  });
}
