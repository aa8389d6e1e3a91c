import { delay } from "@roost/base";
import type { Kernel } from "../open-kernel.ts";
import { registerWorker } from "../workers/register-worker.ts";

const ttlMs = 15_000;
const heartbeatMs = 5_000;
const retryMs = 1_000;

export interface KeepRegisteredOptions {
  signal: AbortSignal;
  host: string;
  pid: number;
}

/** Keeps a scheduler in the list of processes. Registers again when it was declared dead. */
export async function keepRegistered(kernel: Kernel, { signal, host, pid }: KeepRegisteredOptions): Promise<void> {
  while (!signal.aborted) {
    try {
      await using registration = await registerWorker(kernel, { kind: "scheduler", host, pid, ttlMs });
      // The database's time was moved: only tests and rehearsals do that.
      using watch = kernel.wakeups.watch("clock");
      const ended = AbortSignal.any([signal, registration.lost]);
      while (!ended.aborted) {
        await watch.next({ timeoutMs: heartbeatMs, signal: ended });
        if (!ended.aborted) await registration.heartbeat();
      }
    } catch (error) {
      if (signal.aborted) return;
      kernel.logger.warn("the scheduler could not register and will retry", { error });
      await delay(retryMs, { signal }).catch(() => undefined);
    }
  }
}
