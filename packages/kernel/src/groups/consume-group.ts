/** The loop of a group's member: joins, consumes, rebalances, joins anew when its process was given up, and leaves when told to. */
import { backoffMs, delay, jitteredMs } from "@roost/base";
import type { Kernel } from "../open-kernel.ts";
import { joinGroup, type GroupMember, type JoinGroup } from "./join-group.ts";
import { groupChannel } from "./rebalance-group.ts";

export interface ConsumeGroup extends JoinGroup {
  /** Ends it: a batch that is going on is rolled back, and its partitions go to others at once. */
  signal: AbortSignal;
}

/** How often it looks for events and for members that came or died although nothing woke it. */
const pollMs = 1_000;
/** Several beats may fail before its process counts as hung, however short its lease is. */
const heartbeatMsMax = 3_000;
const beatsPerLease = 4;
const failureBackoff = { firstMs: 100, maxMs: 10_000 };

/** Consumes until aborted. Failures of the handler are kept with the partition; those of the database are waited out. */
export async function consumeGroup(kernel: Kernel, consume: ConsumeGroup): Promise<void> {
  const { signal, group } = consume;
  let failureCount = 0;
  while (!signal.aborted) {
    try {
      await using member = await joinGroup(kernel, consume);
      await runMember(kernel, member, consume, () => (failureCount = 0));
    } catch (error) {
      if (signal.aborted) return;
      failureCount += 1;
      kernel.logger.warn("a consumer stopped and will join its group again", { group, failureCount, error });
      await delay(jitteredMs(backoffMs(failureCount, failureBackoff)), { signal }).catch(() => undefined);
    }
  }
}

async function runMember(
  kernel: Kernel,
  member: GroupMember,
  { signal, group, topics, registration, ttlMs = Number.POSITIVE_INFINITY }: ConsumeGroup,
  onProgress: () => void,
): Promise<void> {
  const ended = AbortSignal.any([signal, member.lost]);
  using _beating =
    registration === undefined
      ? keepBeating(kernel, member, Math.min(heartbeatMsMax, ttlMs / beatsPerLease))
      : undefined;
  using watch = kernel.wakeups.watch([...topics.map((topic) => `log:${topic}`), groupChannel(group)]);
  let rebalanceAtMs = 0;
  while (!ended.aborted) {
    if (kernel.clock.nowMs() >= rebalanceAtMs) {
      if (!(await member.rebalance())) return;
      rebalanceAtMs = kernel.clock.nowMs() + pollMs;
    }
    const { isMore, isLost, retryAt } = await member.consume({ signal });
    onProgress();
    if (isLost) rebalanceAtMs = 0;
    if (isMore || isLost) continue;
    const untilMs = Math.min(retryAt?.getTime() ?? Number.POSITIVE_INFINITY, rebalanceAtMs) - kernel.clock.nowMs();
    const outcome = await watch.next({ timeoutMs: Math.max(1, Math.min(untilMs, pollMs)), signal: ended });
    // Members come and go with a wake-up of the group; one of the log costs one look more.
    if (outcome === "woken") rebalanceAtMs = Math.min(rebalanceAtMs, kernel.clock.nowMs());
  }
}

/** Beside the work, because a batch may take long. */
function keepBeating(kernel: Kernel, member: GroupMember, heartbeatMs: number): Disposable {
  let isBeating = false;
  const beat = () => {
    if (isBeating) return;
    isBeating = true;
    member
      .heartbeat()
      .catch((error: unknown) =>
        kernel.logger.warn("a consumer could not renew its lease", { group: member.group, error }),
      )
      .finally(() => (isBeating = false));
  };
  const timer = setInterval(beat, heartbeatMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
