/** Tells who waits for runs that a person holds them up: by a question of a run before one, or of one that it has started. */
import { sleepUntilAborted } from "@roost/base";
import { findHoldUps, type Kernel } from "@roost/kernel";
import { tellHoldUp } from "../records/describe-hold-up.ts";
import type { FollowedText } from "./follow-work.ts";

/** Between two looks, however much happens and however many wait. */
const pauseMs = 1_000;
/** Without a wake-up. */
const pollMs = 30_000;

/** Whether a run may be held up from this event on. */
export function mayBeHeldUp({ type, data }: { type: string; data: Record<string, unknown> }): boolean {
  if (type === "run.created") return data["state"] === "queued";
  return type === "run.resumed" || (type === "run.waiting" && data["kind"] === "child");
}

/** One look at a time for all runs of a stream. */
export function createHoldUps(kernel: Pick<Kernel, "database" | "wakeups">, signal: AbortSignal) {
  const added = new Set<string>();
  let waiting = new AbortController();
  return {
    /** For a run that may wait for another one from now on. */
    look(runId: string) {
      added.add(runId);
      waiting.abort();
    },
    /** What is new of them, while they wait for another run. Ends only by the signal. */
    async *follow(): AsyncGenerator<FollowedText & { runId: string }, void> {
      using watch = kernel.wakeups.watch("log:runs");
      const told = new Map<string, string | undefined>();
      do {
        // One that is added during a look stays for the next, whatever this one finds.
        for (const runId of added) told.set(runId, told.get(runId));
        added.clear();
        // While the database does not answer nothing new is known.
        const found =
          told.size === 0 ? [] : await findHoldUps(kernel.database, [...told.keys()]).catch(() => undefined);
        if (found !== undefined) {
          const texts = new Map(found.map((each) => [each.runId, tellHoldUp(each)]));
          for (const [runId, before] of told) {
            const text = texts.get(runId);
            if (texts.has(runId)) told.set(runId, text);
            else told.delete(runId);
            if (text !== undefined && text !== before) yield { kind: "remark", text, runId };
          }
        }
        waiting = new AbortController();
        if (added.size === 0)
          await watch.next({ timeoutMs: pollMs, signal: AbortSignal.any([signal, waiting.signal]) });
      } while (await sleepUntilAborted(pauseMs, { signal }));
    },
  };
}
