/** What is kept of a batch that failed: where, why, how often, and when it is tried again. A failing event is also an event. */
import { toRoostError, type RoostError } from "@roost/base";
import type { StoredEvent } from "../log/event.ts";
import { isOutOfRange } from "../log/out-of-range.ts";
import type { Kernel } from "../open-kernel.ts";
import { groupLimits, type ConsumedBatch, type PartitionLease } from "./partition-lease.ts";

export interface FailedBatch {
  offset: number;
  /** Empty when they could not even be read. */
  events: readonly StoredEvent[];
  error: unknown;
}

export async function recordFailure(
  kernel: Kernel,
  lease: PartitionLease,
  failed: FailedBatch,
): Promise<ConsumedBatch> {
  const { group, topic, partition, epoch } = lease;
  const error = toRoostError(failed.error);
  const isAlone = failed.events.length <= 1;
  const message = error.message.slice(0, groupLimits.errorCharsMax).toWellFormed();
  const recorded = await kernel.transact(async (tx) => {
    // Invariant: who has lost the lease records nothing; the failure stands where the cursor stands.
    const [row] = await tx.query<{ failureCount: number; retryAt: Date | null }>(
      `update roost.cursor set failing_offset = $5, last_error = $6, failed_at = roost.now(), batch_limit = $7,
         failure_count = case when not $8 then 0 when failing_offset = $5 then failure_count + 1 else 1 end,
         retry_at = case when $8 then roost.now() + interval '1 ms' * least($10::float8, $9 * power(2, least(case when failing_offset = $5 then failure_count else 0 end, 30))) end
       where group_name = $1 and topic = $2 and partition = $3 and epoch = $4 and owner is not null and next_offset = $5
       returning failure_count as "failureCount", retry_at as "retryAt"`,
      [
        group,
        topic,
        partition,
        epoch,
        failed.offset,
        JSON.stringify({ code: error.code, message }),
        Math.max(1, Math.floor(failed.events.length / 2)),
        isAlone,
        groupLimits.retryMsMin,
        groupLimits.retryMsMax,
      ],
    );
    if (row !== undefined && isTold(row.failureCount)) {
      tx.emit({
        type: "consumer.failed",
        subject: group,
        ...eventOf(lease, failed, { error, message, count: row.failureCount }),
      });
    }
    return row;
  });
  if (recorded === undefined) return { state: "lost", eventCount: 0, isMore: false };
  kernel.logger.warn("a consumer group failed on events and will try again", {
    group,
    topic,
    partition,
    offset: failed.offset,
    eventCount: failed.events.length,
    failureCount: recorded.failureCount,
    error,
  });
  return { state: "failed", eventCount: 0, isMore: !isAlone, retryAt: recorded.retryAt ?? undefined };
}

/** The first failure of an event, and then ever less of them: 2, 4, 8 … */
function isTold(failureCount: number): boolean {
  return failureCount > 0 && Number.isInteger(Math.log2(failureCount));
}

function eventOf(
  { group, topic, partition }: PartitionLease,
  { offset, events }: FailedBatch,
  { error, message, count }: { error: RoostError; message: string; count: number },
) {
  const [event] = events;
  return {
    data: {
      group,
      topic,
      partition,
      offset,
      ...(event === undefined ? {} : { eventId: event.id, eventType: event.type }),
      failureCount: count,
      error: { code: isOutOfRange(error) ? "offset_out_of_range" : error.code, message },
    },
    ...(event === undefined ? {} : { causation: event.id, correlation: event.correlation, labels: event.labels }),
  };
}
