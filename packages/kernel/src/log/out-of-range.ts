/** Events dropped by retention are never skipped silently: a reader whose position is gone is told where the log begins now. */
import { RoostError } from "@roost/base";
import { partitionName, type OffsetVector } from "./offsets.ts";
import type { PartitionRange } from "./read-events.ts";

/** @throws RoostError `not_found` with the available offsets, when `offset` is before the first or after the next one */
export function refuseOutOfRange(range: PartitionRange, offset: number): void {
  if (offset >= range.firstOffset && offset <= range.nextOffset) return;
  const { topic, partition, firstOffset, nextOffset } = range;
  throw new RoostError(
    "not_found",
    `offset ${offset} of ${partitionName(topic, partition)} is out of range: earliest is ${firstOffset}, the next event will have ${nextOffset}`,
    { details: { reason: "offset_out_of_range", topic, partition, offset, earliest: firstOffset, latest: nextOffset } },
  );
}

/** The same for several partitions. A partition that is not named, or is at 0, starts at its earliest event. */
export function refuseVectorOutOfRange(ranges: readonly PartitionRange[], offsets: OffsetVector): void {
  for (const range of ranges) {
    const offset = offsets[partitionName(range.topic, range.partition)] ?? 0;
    if (offset !== 0) refuseOutOfRange(range, offset);
  }
}
