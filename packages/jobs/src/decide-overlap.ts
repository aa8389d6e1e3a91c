/** What a tick does while runs of its job are active. Pure. */
import type { RunState } from "@roost/kernel";

export type OverlapPolicy = "skip" | "queue-one" | "queue-all" | "cancel-old" | "allow";

/** Runs of one job that may wait with its serial key. */
export const queuedRunsMax = 1_000;

export interface LiveRun {
  id: string;
  state: RunState;
  serialKey: string | null;
  /** Null: not claimed yet. */
  startedAt: Date | null;
}

export type OverlapDecision = { fire: true; isSerial: boolean; cancel: LiveRun[] } | { fire: false; reason: string };

export interface DecideOverlapOptions {
  /** A tick of an outage that is caught up one by one: it is queued where a fresh one would be skipped. */
  isCaughtUp?: boolean | undefined;
}

export function decideOverlap(
  policy: OverlapPolicy,
  live: LiveRun[],
  options: DecideOverlapOptions = {},
): OverlapDecision {
  const waiting = live.filter((run) => run.startedAt === null);
  const queue = (): OverlapDecision => {
    const outside = live.find((run) => run.serialKey === null);
    if (outside !== undefined)
      return {
        fire: false,
        reason: `run ${outside.id}, started under another overlap policy, is still active (${outside.state})`,
      };
    if (waiting.length >= queuedRunsMax)
      return { fire: false, reason: `${waiting.length} runs are queued already (limit ${queuedRunsMax})` };
    return { fire: true, isSerial: true, cancel: [] };
  };
  switch (policy) {
    case "allow":
      return { fire: true, isSerial: false, cancel: [] };
    case "cancel-old":
      return { fire: true, isSerial: true, cancel: live };
    case "queue-all":
      return queue();
    case "queue-one": {
      const [first] = waiting;
      if (first !== undefined && !options.isCaughtUp)
        return { fire: false, reason: `run ${first.id} is queued already, and only one may be` };
      return queue();
    }
    case "skip": {
      const [first] = live;
      if (first === undefined) return { fire: true, isSerial: options.isCaughtUp ?? false, cancel: [] };
      if (options.isCaughtUp) return queue();
      return { fire: false, reason: `run ${first.id} is still active (${first.state})` };
    }
  }
}
