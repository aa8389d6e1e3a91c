import type { AgentDelta } from "@roost/agent";
import { publishStream, type Kernel } from "@roost/kernel";

export interface DeltaStream {
  push: (delta: AgentDelta) => void;
  /** Sends what is left. */
  close: () => Promise<void>;
}

/** How long text is gathered before watchers are told, and how much at most. */
const gatherMs = 50;
const gatherCharsMax = 2_000;

/** Shows watchers of a run what its model writes, gathered off the write path. Lossy: the recorded message is the truth. */
export function streamDeltas(kernel: Kernel, runId: string): DeltaStream {
  let pending: AgentDelta | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sending = Promise.resolve();
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const delta = pending;
    pending = undefined;
    if (delta === undefined) return;
    sending = sending.then(() => publishStream(kernel, runId, delta)).catch(() => undefined);
  };
  return {
    push: (delta) => {
      const isText = delta.type === "text" || delta.type === "reasoning";
      if (
        isText &&
        pending?.type === delta.type &&
        pending.step === delta.step &&
        pending.text.length < gatherCharsMax
      ) {
        pending = { ...pending, text: pending.text + delta.text };
        return;
      }
      flush();
      pending = delta;
      if (isText) timer = setTimeout(flush, gatherMs);
      else flush();
    },
    close: async () => {
      flush();
      await sending;
    },
  };
}
