/**
 * Calls of a model server that answers one at a time, one after the other over all processes of a home. A process takes part with one connection a
 * server, however many of its calls wait.
 */
import type { CallQueue } from "@roost/agent";
import { takeTurn, type Kernel } from "@roost/kernel";

export function openCallQueue(kernel: Kernel): CallQueue {
  const last = new Map<string, Promise<void>>();

  return {
    async enter(server, { signal, onWait }) {
      const before = last.get(server);
      const left = Promise.withResolvers<void>();
      const mine = Promise.all([before, left.promise]).then(() => undefined);
      last.set(server, mine);
      void mine.then(() => last.get(server) === mine && last.delete(server));
      let isTold = false;
      const tell = () => {
        if (!isTold) onWait();
        isTold = true;
      };
      try {
        if (before !== undefined) {
          tell();
          await endedOrAborted(before, signal);
        }
        const turn = await takeTurn(kernel, `model server ${server}`, { signal, onWait: tell });
        return {
          async [Symbol.asyncDispose]() {
            await turn[Symbol.asyncDispose]();
            left.resolve();
          },
        };
      } catch (error) {
        left.resolve();
        throw error;
      }
    },
  };
}

async function endedOrAborted(before: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  const onAbort = () => aborted.resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    await Promise.race([before, aborted.promise]);
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
