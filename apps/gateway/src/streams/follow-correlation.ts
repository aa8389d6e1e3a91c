/** Streams events of one correlation: recorded ones, then new ones, each with the position after it. */
import {
  advanceOffsets,
  findOffsets,
  readCorrelation,
  readEnd,
  readLimitMax,
  tailPages,
  type Kernel,
  type OffsetVector,
} from "@roost/kernel";
import { orderPast, type PlacedEvent } from "./order-past.ts";

export type FollowedEvent = ({ kind: "event" } & PlacedEvent) | { kind: "caught-up" };

export interface FollowCorrelation {
  topics: readonly string[];
  correlation: string;
  /** Where to continue; undefined: from the first event. */
  after: OffsetVector | undefined;
  signal: AbortSignal;
}

/** Times of concurrent appends may differ this much from the order of their offsets. */
const skewMsMax = 60_000;

/** Yields every event once, and `caught-up` whenever all recorded ones were sent. Ends only by its signal. */
export async function* followCorrelation(
  kernel: Kernel,
  options: FollowCorrelation,
): AsyncGenerator<FollowedEvent, void> {
  const { topics, correlation, signal } = options;
  let offsets = options.after;
  if (offsets === undefined) {
    const { past, from } = await readPast(kernel, topics, correlation);
    for (const placed of past) yield { kind: "event", ...placed };
    offsets = from;
  }
  for await (const page of tailPages(kernel, { topics, after: offsets, signal })) {
    for (const event of page.events) {
      offsets = advanceOffsets(offsets, event);
      if (event.correlation === correlation) yield { kind: "event", event, offsets };
    }
    offsets = page.offsets;
    if (page.isCaughtUp) yield { kind: "caught-up" };
  }
}

/** Reads recorded events by index; beyond one statement's limit, returns the position in the log where they begin. */
async function readPast(
  kernel: Kernel,
  topics: readonly string[],
  correlation: string,
): Promise<{ past: PlacedEvent[]; from: OffsetVector }> {
  // The end is read first: an event appended between the two reads is yielded by the tail only.
  const end = await readEnd(kernel.database, topics);
  const recorded = await readCorrelation(kernel.database, correlation, { limit: readLimitMax });
  const [first] = recorded;
  if (first === undefined || recorded.length < readLimitMax)
    return { past: orderPast(kernel.registry.upcast(recorded), end), from: end };
  const since = new Date(first.time.getTime() - skewMsMax);
  return { past: [], from: await findOffsets(kernel.database, { topics, since }) };
}
