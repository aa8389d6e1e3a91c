/** Events of one correlation: first those that are recorded, then those that come. */
import {
  advanceOffsets,
  partitionName,
  readCorrelation,
  readEnd,
  tailPages,
  type Kernel,
  type OffsetVector,
  type StoredEvent,
} from "@roost/kernel";

export interface FollowedEvent {
  kind: "event";
  event: StoredEvent;
  /** Where a reader that comes back goes on; undefined while the past is still being told. */
  offsets: OffsetVector | undefined;
}

export interface FollowEventsOptions {
  topics: readonly string[];
  correlation: string;
  /** Where to go on; nothing: from the first event of the correlation. */
  after: OffsetVector | undefined;
  signal: AbortSignal;
}

/** Events of the past that one reader is told; a run with more is read through the log. */
const pastMax = 1_000;

/** Every event once. Ends only by its signal. */
export async function* followEvents(kernel: Kernel, options: FollowEventsOptions): AsyncGenerator<FollowedEvent, void> {
  const { topics, correlation, signal } = options;
  let offsets = options.after;
  if (offsets === undefined) {
    // The end is looked up first: what is appended between the two reads is told by the tail, and only by it.
    const end = await readEnd(kernel.database, topics);
    const recorded = await readCorrelation(kernel.database, correlation, { limit: pastMax });
    const past = recorded.filter((event) => event.offset < (end[partitionName(event.topic, event.partition)] ?? 0));
    for (const [index, event] of past.entries()) {
      yield { kind: "event", event, offsets: index === past.length - 1 ? end : undefined };
    }
    offsets = end;
  }
  for await (const page of tailPages(kernel, { topics, after: offsets, signal })) {
    for (const event of page.events) {
      offsets = advanceOffsets(offsets, event);
      if (event.correlation === correlation) yield { kind: "event", event, offsets };
    }
    offsets = page.offsets;
  }
}
