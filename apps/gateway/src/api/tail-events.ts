/** Streams events of several topics; each one's id is the position in every partition that is read. */
import type { Handler, StreamItem, StreamPlace } from "@roost/contract";
import type { Event, tailEvents as operation } from "@roost/contract/operations";
import {
  advanceOffsets,
  findOffsets,
  formatOffsets,
  parseOffsets,
  readEnd,
  readLatest,
  readPartitions,
  readTopics,
  refuseVectorOutOfRange,
  tailPages,
  type Kernel,
  type OffsetVector,
  type StoredEvent,
} from "@roost/kernel";
import { RoostError } from "@roost/base";
import { toEventRecord } from "../records/to-event.ts";
import { orderPast } from "../streams/order-past.ts";

interface Filter {
  topics: string[];
  types?: string[] | undefined;
  subject?: string | undefined;
}

export function tailEvents(kernel: Kernel): Handler<typeof operation> {
  return async ({ topics, types, subject, after, last, since }, { signal }) => {
    const filter: Filter = { topics: await tailedTopics(kernel, topics), types, subject };
    if (after !== undefined) {
      const offsets = await readPlace(kernel, filter.topics, after);
      return tail(kernel, filter, { past: [], offsets, signal });
    }
    if (last > 0) {
      const page = await readLatest(kernel.database, { ...filter, limit: last });
      return tail(kernel, filter, { past: kernel.registry.upcast(page.events), offsets: page.offsets, signal });
    }
    const offsets =
      since === undefined
        ? await readEnd(kernel.database, filter.topics)
        : await findOffsets(kernel.database, { topics: filter.topics, since: new Date(since) });
    return tail(kernel, filter, { past: [], offsets, signal });
  };
}

/** @throws RoostError for a place that is none, or that the log no longer has */
export async function readPlace(kernel: Kernel, topics: readonly string[], after: string): Promise<OffsetVector> {
  const offsets = parseOffsets(after);
  refuseVectorOutOfRange(await readPartitions(kernel.database, topics), offsets);
  return offsets;
}

/** Every event of the home from a place on, or from now on. */
export async function tailHome(
  kernel: Kernel,
  { after, signal }: { after: string | undefined; signal: AbortSignal },
): Promise<AsyncGenerator<StreamItem<Event> | StreamPlace, void>> {
  const topics = await tailedTopics(kernel, undefined);
  const offsets = after === undefined ? await readEnd(kernel.database, topics) : await readPlace(kernel, topics, after);
  return tail(kernel, { topics }, { past: [], offsets, signal });
}

/** Those that are asked for, or all. @throws RoostError `not_found` */
export async function tailedTopics(kernel: Kernel, topics: readonly string[] | undefined): Promise<string[]> {
  const known = await readTopics(kernel.database);
  const unknown = topics?.find((topic) => !known.has(topic));
  if (unknown !== undefined) {
    throw new RoostError("not_found", `There is no topic "${unknown}": the topics are ${[...known.keys()].join(", ")}`);
  }
  return [...(topics ?? known.keys())];
}

async function* tail(
  kernel: Kernel,
  filter: Filter,
  start: { past: StoredEvent[]; offsets: OffsetVector; signal: AbortSignal },
): AsyncGenerator<StreamItem<Event> | StreamPlace, void> {
  let { offsets } = start;
  if (start.past.length === 0) yield { id: formatOffsets(offsets) };
  for (const placed of orderPast(start.past, offsets))
    yield { id: formatOffsets(placed.offsets), event: "message", data: toEventRecord(placed.event) };
  for await (const page of tailPages(kernel, { ...filter, after: offsets, signal: start.signal })) {
    for (const item of toItems(page.events, offsets)) yield item;
    offsets = page.offsets;
  }
}

// tidy: only a saving: streams at one place are given one page, and its positions are written once.
const itemsOfPages = new WeakMap<readonly StoredEvent[], { from: OffsetVector; items: StreamItem<Event>[] }>();

function toItems(events: readonly StoredEvent[], from: OffsetVector): StreamItem<Event>[] {
  const known = itemsOfPages.get(events);
  if (known?.from === from) return known.items;
  let offsets = from;
  const items = events.map((event) => {
    offsets = advanceOffsets(offsets, event);
    return { id: formatOffsets(offsets), event: "message", data: toEventRecord(event) };
  });
  itemsOfPages.set(events, { from, items });
  return items;
}
