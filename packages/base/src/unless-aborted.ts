import { toRoostError } from "./roost-error.ts";

/**
 * Resolves with the work's result, or rejects with the signal's reason as soon as it is aborted: the work itself is not stopped by that.
 * @throws RoostError what the work throws
 */
export async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let onAbort: () => void = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([work(), aborted]);
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    throw toRoostError(thrown);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
