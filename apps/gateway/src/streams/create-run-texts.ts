import type { Kernel } from "@roost/kernel";
import { createHoldUps } from "./create-hold-ups.ts";
import { followWork, type FollowedOutput, type FollowedText } from "./follow-work.ts";

export type RunText = (FollowedText | FollowedOutput) & { runId: string };

/** The text streams of active runs: what their models write, what their tools do, and remarks on those that are held up. */
export function createRunTexts(kernel: Kernel, signal: AbortSignal) {
  const going = new Map<string, AbortController>();
  const holdUps = createHoldUps(kernel, signal);
  let isLooking = false;
  const added: AsyncGenerator<RunText, void>[] = [];
  return {
    added,
    begin(runId: string) {
      if (going.has(runId)) return;
      const ended = new AbortController();
      going.set(runId, ended);
      added.push(withRun(runId, followWork(kernel, runId, AbortSignal.any([signal, ended.signal]))));
    },
    /** For a run that may be held up from now on. */
    look(runId: string) {
      holdUps.look(runId);
      if (!isLooking) added.push(holdUps.follow());
      isLooking = true;
    },
    end(runId: string) {
      going.get(runId)?.abort();
      going.delete(runId);
    },
  };
}

async function* withRun(
  runId: string,
  items: AsyncGenerator<FollowedText | FollowedOutput, void>,
): AsyncGenerator<RunText, void> {
  for await (const item of items) yield { ...item, runId };
}
