/** One loop of the scheduler: check, then wait for a wake-up or the next due time; failures are logged and backed off. */
import { backoffMs, delay, jitteredMs } from "@roost/base";
import type { Kernel } from "../open-kernel.ts";

/** What one check of the state found. */
export interface Look {
  /** More can be done at once. */
  isMore?: boolean;
  /** When something is due next, by the database's clock. */
  atMs?: number | undefined;
}

export interface SchedulerLoop {
  name: string;
  /** It tidies up behind what has ended, and nothing waits for it: by rows, or by tables that it makes and drops, which takes the home's own user. */
  upkeep?: "rows" | "tables";
  /** Wake-ups that end the sleep early. Read again after each check. */
  channels: () => readonly string[];
  /** It checks at least this often: wake-ups are hints. */
  pollMs: number;
  /** Does what is due now. It reads everything from the database, so a failed check loses nothing. */
  look: () => Promise<Look>;
}

const sleepMsMin = 2;
const failureBackoff = { firstMs: 100, maxMs: 10_000 };

/** Checks, sleeps until something is due, and repeats until aborted. A failure is logged and backed off; it never ends the loop. */
export async function runLoop(kernel: Kernel, loop: SchedulerLoop, signal: AbortSignal): Promise<void> {
  let failureCount = 0;
  while (!signal.aborted) {
    // The clock channel tells that the database's time was moved.
    const channels = [...loop.channels(), "clock"];
    using watch = kernel.wakeups.watch(channels);
    while (!signal.aborted) {
      try {
        const { isMore, atMs } = await loop.look();
        if (failureCount > 0) kernel.logger.info("a scheduler loop works again", { loop: loop.name, failureCount });
        failureCount = 0;
        if (!isSame(channels, [...loop.channels(), "clock"])) break;
        if (isMore === true) continue;
        const untilMs = atMs === undefined ? loop.pollMs : atMs - kernel.clock.nowMs();
        await watch.next({ timeoutMs: Math.max(sleepMsMin, Math.min(untilMs, loop.pollMs)), signal });
      } catch (error) {
        if (signal.aborted) return;
        failureCount += 1;
        const waitMs = jitteredMs(backoffMs(failureCount, failureBackoff));
        kernel.logger.warn("a scheduler loop failed and will retry", {
          loop: loop.name,
          failureCount,
          backoffMs: Math.round(waitMs),
          error,
        });
        await delay(waitMs, { signal }).catch(() => undefined);
      }
    }
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
