/** What the feed keeps of the log, and what a reader is shown of it. Reads nothing itself. */
import type { StoredEvent } from "./event.ts";
import { partitionName, type OffsetVector } from "./offsets.ts";
import { matchesEvent, type EventFilter } from "./read-log.ts";

/** Events kept for streams that are slightly behind. */
const keptEventsMax = 1_000;
const keptCharsMax = 8_000_000;

export interface FeedPage {
  events: StoredEvent[];
  offsets: OffsetVector;
}

interface Kept {
  event: StoredEvent;
  name: string;
  chars: number;
}

export interface FeedState {
  /** Where it has read to, by partition. */
  end: Record<string, number>;
  /** From there on every event up to the end is kept. */
  floor: Record<string, number>;
  kept: Kept[];
  /** Of all that was ever kept: the last of `kept` is the one before. */
  keptCount: number;
  keptChars: number;
  topics: Set<string>;
  /** Of this moment, by what is asked for: readers at one place that want the same take one page. */
  pages: Map<string, FeedPage>;
  /** Of this moment, by topics: one object for all that have read to the end. */
  places: Map<string, OffsetVector>;
}

export function emptyState(): FeedState {
  return {
    end: {},
    floor: {},
    kept: [],
    keptCount: 0,
    keptChars: 0,
    topics: new Set(),
    pages: new Map(),
    places: new Map(),
  };
}

export function forgetPages({ pages, places }: FeedState): void {
  pages.clear();
  places.clear();
}

export function keep(state: FeedState, { events, offsets }: FeedPage): void {
  forgetPages(state);
  const counts = new Map<string, number>();
  for (const event of events) {
    const name = partitionName(event.topic, event.partition);
    const chars = JSON.stringify(event.data).length;
    counts.set(name, (counts.get(name) ?? 0) + 1);
    state.kept.push({ event, name, chars });
    state.keptChars += chars;
    state.keptCount += 1;
  }
  for (const [name, end] of Object.entries(offsets)) {
    // Retention dropped what lies between: streams behind it are told by the log itself.
    if (end - (state.end[name] ?? 0) !== (counts.get(name) ?? 0)) state.floor[name] = end;
    state.end[name] = end;
  }
  let dropped = 0;
  while (state.kept.length - dropped > keptEventsMax || state.keptChars > keptCharsMax) {
    const oldest = state.kept[dropped]!;
    state.keptChars -= oldest.chars;
    state.floor[oldest.name] = Math.max(state.floor[oldest.name] ?? 0, oldest.event.offset + 1);
    dropped += 1;
  }
  if (dropped > 0) state.kept.splice(0, dropped);
}

interface Take {
  offsets: OffsetVector;
  filter: EventFilter;
  /** How many had been kept when the reader took last, where it still stands there. */
  from: number | undefined;
}

/** takeFrom, once for all that stood at the end when they took last and want the same. */
export function takePage(state: FeedState, topics: readonly string[], take: Take): FeedPage | undefined {
  const { offsets, filter, from } = take;
  if (from === state.keptCount) return { events: [], offsets };
  const key = from !== undefined && endPlaces.has(offsets) ? keyOf(topics, filter, from) : undefined;
  const known = key === undefined ? undefined : state.pages.get(key);
  if (known !== undefined) return known;
  const page = takeFrom(state, topics, take);
  if (key !== undefined && page !== undefined) state.pages.set(key, page);
  return page;
}

// tidy: only a mark: vectors that the feed made, of which one object is for all that read to the same end.
const endPlaces = new WeakSet<OffsetVector>();

/** Undefined for a filter that only one reader has. */
function keyOf(topics: readonly string[], filter: EventFilter, from: number): string | undefined {
  const { types, without, subject, about, label, readable } = filter;
  if (readable !== undefined || about !== undefined) return undefined;
  return JSON.stringify([from, topics, types, without, subject, label]);
}

function takeFrom(state: FeedState, topics: readonly string[], { offsets, filter, from }: Take): FeedPage | undefined {
  if (topics.some((topic) => !state.topics.has(topic))) return undefined;
  const wanted = new Set(topics);
  const names = Object.keys(state.end).filter((name) => wanted.has(name.slice(0, name.lastIndexOf("/"))));
  if (names.some((name) => (offsets[name] ?? 0) < (state.floor[name] ?? 0))) return undefined;
  // Those that this reader was shown, or passed over, are not looked at again.
  const first = from === undefined ? 0 : Math.max(0, state.kept.length - (state.keptCount - from));
  const events = state.kept
    .slice(first)
    .filter(
      ({ event, name }) =>
        wanted.has(event.topic) && event.offset >= (offsets[name] ?? 0) && matchesEvent(event, filter),
    )
    .map(({ event }) => event);
  const reached = { ...offsets };
  for (const name of names) reached[name] = Math.max(reached[name] ?? 0, state.end[name]!);
  return { events, offsets: placeFor(state, topics, { names, reached }) };
}

/** The one object for this end, unless the reader knows of more. */
function placeFor(
  { end, places }: FeedState,
  topics: readonly string[],
  { names, reached }: { names: readonly string[]; reached: OffsetVector },
): OffsetVector {
  const isMore = Object.keys(reached).length !== names.length || names.some((name) => reached[name] !== end[name]);
  if (isMore) return reached;
  const key = topics.join(" ");
  const place = places.get(key) ?? reached;
  endPlaces.add(place);
  places.set(key, place);
  return place;
}
