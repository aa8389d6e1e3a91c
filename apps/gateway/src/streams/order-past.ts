/** Orders recorded events, each with the position after it. Pure. */
import { advanceOffsets, partitionName, type OffsetVector, type StoredEvent } from "@roost/kernel";

export interface PlacedEvent {
  event: StoredEvent;
  /** Where a reader continues after this event: the rest of the past, then events from `end`. */
  offsets: OffsetVector;
}

/**
 * Orders by time, within a partition by offset. `past` must be complete below `end`; events from `end` on are left out, since the tail yields them.
 */
export function orderPast(past: readonly StoredEvent[], end: OffsetVector): PlacedEvent[] {
  const partitions = new Map<string, StoredEvent[]>();
  for (const event of past) {
    const name = partitionName(event.topic, event.partition);
    if (event.offset >= (end[name] ?? 0)) continue;
    const partition = partitions.get(name);
    if (partition === undefined) partitions.set(name, [event]);
    else partition.push(event);
  }
  let offsets = end;
  for (const [name, events] of partitions) {
    events.sort((one, other) => one.offset - other.offset);
    offsets = { ...offsets, [name]: events[0]?.offset ?? 0 };
  }
  const placed: PlacedEvent[] = [];
  for (let partition = nextPartition(partitions); partition !== undefined; partition = nextPartition(partitions)) {
    const [name, events] = partition;
    const event = events.shift();
    if (event === undefined) break;
    offsets = events.length > 0 ? advanceOffsets(offsets, event) : { ...offsets, [name]: end[name] ?? 0 };
    placed.push({ event, offsets });
    if (events.length === 0) partitions.delete(name);
  }
  return placed;
}

function nextPartition(partitions: Map<string, StoredEvent[]>): [string, StoredEvent[]] | undefined {
  let earliest: [string, StoredEvent[]] | undefined;
  for (const partition of partitions)
    if (earliest === undefined || isBefore(partition[1][0], earliest[1][0])) earliest = partition;
  return earliest;
}

function isBefore(one: StoredEvent | undefined, other: StoredEvent | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return one.time < other.time || (one.time.getTime() === other.time.getTime() && one.id < other.id);
}
