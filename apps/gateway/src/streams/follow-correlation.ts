/** Events of one correlation: first those that are recorded, then those that come, each with the place behind it. */
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
  /** Where to go on; nothing: from the first event of the correlation. */
  after: OffsetVector | undefined;
  signal: AbortSignal;
}

/** Appends that ran at the same time may have times that are this far from the order of their offsets. */
const skewMsMax = 60_000;

/** Every event once, and `caught-up` whenever everything that is recorded was told. Ends only by its signal. */
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

/** What is recorded, through the index; of what is too much for one statement, the place in the log where it begins. */
async function readPast(
  kernel: Kernel,
  topics: readonly string[],
  correlation: string,
): Promise<{ past: PlacedEvent[]; from: OffsetVector }> {
  // The end first: what is appended between the two reads is told by the tail, and only by it.
  const end = await readEnd(kernel.database, topics);
  const recorded = await readCorrelation(kernel.database, correlation, { limit: readLimitMax });
  const [first] = recorded;
  if (first === undefined || recorded.length < readLimitMax)
    return { past: orderPast(kernel.registry.upcast(recorded), end), from: end };
  const since = new Date(first.time.getTime() - skewMsMax);
  return { past: [], from: await findOffsets(kernel.database, { topics, since }) };
}
