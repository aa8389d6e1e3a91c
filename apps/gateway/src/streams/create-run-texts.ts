import type { Kernel } from "@roost/kernel";
import { followText, type FollowedText } from "./follow-text.ts";

export type RunText = FollowedText & { runId: string };

/** The text streams of active runs. */
export function createRunTexts(kernel: Kernel, signal: AbortSignal) {
  const going = new Map<string, AbortController>();
  const added: AsyncGenerator<RunText, void>[] = [];
  return {
    added,
    begin(runId: string) {
      if (going.has(runId)) return;
      const ended = new AbortController();
      going.set(runId, ended);
      added.push(followRunText(kernel, runId, AbortSignal.any([signal, ended.signal])));
    },
    end(runId: string) {
      going.get(runId)?.abort();
      going.delete(runId);
    },
  };
}

async function* followRunText(kernel: Kernel, runId: string, signal: AbortSignal): AsyncGenerator<RunText, void> {
  for await (const item of followText(kernel, runId, signal)) yield { ...item, runId };
}
