/**
 * Sends the items of a stream as server-sent events, with backpressure and keep-alive comments; the iterator is returned when the reader leaves.
 * The last event is `end` or `problem`; without it the stream was cut off. One web stream without a pipe behind it, because a thousand are open at a
 * time, and an item that many streams send is written once for all.
 */
import { RoostError, toRoostError } from "@roost/base";
import type { Context } from "hono";
import { isPlace, type StreamItem, type StreamPlace } from "./handlers.ts";
import type { Problem } from "./problem.ts";
import { eventCharsMax, eventStreamMediaType, protocolEvents } from "./protocol-events.ts";

export interface EventStreamOptions {
  /** Ends the stream without `end`, so that its reader reconnects. */
  signal: AbortSignal;
  /** Called once, when the stream ends for any reason. */
  onClose: () => void;
  /** Logs an error and describes it for the reader. */
  describeError: (error: unknown) => Problem;
  /** Idle time after which a comment is sent. */
  keepAliveMs?: number | undefined;
  /** How long a reader should wait before reconnecting. */
  retryMs?: number;
  /** The event after the last item, where another protocol than Roost's names it. */
  end?: { event: string; data: string };
}

type Item = StreamItem<unknown> | StreamPlace;

const keepAliveMsDefault = 15_000;
const retryMsDefault = 1000;

export function createEventStreamResponse(
  context: Context,
  items: AsyncIterable<Item>,
  options: EventStreamOptions,
): Response {
  return context.body(createBody(items, options), 200, {
    "content-type": eventStreamMediaType,
    "cache-control": "no-store",
    // Keeps nginx and similar proxies from buffering.
    "x-accel-buffering": "no",
  });
}

function createBody(items: AsyncIterable<Item>, options: EventStreamOptions): ReadableStream<Uint8Array> {
  const { signal, onClose, describeError, keepAliveMs = keepAliveMsDefault, retryMs = retryMsDefault } = options;
  const end = options.end ?? { event: protocolEvents.end, data: "{}" };
  const iterator = items[Symbol.asyncIterator]();
  const arrivals = createArrivals(iterator, keepAliveMs);
  let isOver = false;
  const close = () => {
    if (isOver) return;
    isOver = true;
    signal.removeEventListener("abort", arrivals.leave);
    arrivals.leave();
    onClose();
    // Not awaited: a waiting generator may take long to return, and the result is unused.
    void Promise.resolve(iterator.return?.()).catch(() => {});
  };
  const tell = (thrown: unknown): Uint8Array =>
    encode({ event: protocolEvents.problem, data: JSON.stringify(describeError(toRoostError(thrown))) });
  // Data already written is still sent, so that a reader can resume at its position.
  signal.addEventListener("abort", arrivals.leave, { once: true });
  if (signal.aborted) arrivals.leave();

  return new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(`retry: ${retryMs}\n\n`)),
    async pull(controller) {
      const finish = (last?: Uint8Array) => {
        close();
        if (last !== undefined) controller.enqueue(last);
        controller.close();
      };
      const arrival = await arrivals.next();
      if (isOver) return;
      if (arrival === "left") return finish();
      if (arrival === "idle") return controller.enqueue(keepAlive);
      if ("thrown" in arrival) return finish(tell(arrival.thrown));
      if (arrival.result.done === true) return finish(encode(end));
      try {
        controller.enqueue(toBytes(arrival.result.value));
      } catch (thrown) {
        finish(tell(thrown));
      }
    },
    cancel: close,
  });
}

/** What a stream waits for: the next item, or the time or the order to go on without one. */
type Arrival = { result: IteratorResult<Item> } | { thrown: unknown } | "idle" | "left";

interface Arrivals {
  /** One call at a time. An item is asked for once, however often the wait for it was idle. */
  next(): Promise<Arrival>;
  /** From now on there is only `left`. */
  leave: () => void;
}

/** One timer and no race for each wait: a stream is open for days. */
function createArrivals(iterator: AsyncIterator<Item>, idleMs: number): Arrivals {
  let isAsked = false;
  let hasLeft = false;
  let arrived: Arrival | undefined;
  let deliver: ((arrival: Arrival) => void) | undefined;
  const idle = setTimeout(() => deliver?.("idle"), idleMs);
  const arrive = (arrival: Arrival) => {
    arrived = arrival;
    deliver?.(arrival);
  };
  const ask = () => {
    isAsked = true;
    iterator.next().then(
      (result) => arrive({ result }),
      (thrown: unknown) => arrive({ thrown }),
    );
  };
  return {
    async next() {
      if (hasLeft) return "left";
      if (arrived === undefined) {
        idle.refresh();
        if (!isAsked) ask();
        const { promise, resolve } = Promise.withResolvers<Arrival>();
        deliver = resolve;
        const arrival = await promise;
        deliver = undefined;
        if (arrival === "idle" || arrival === "left") return arrival;
      }
      const item = arrived!;
      arrived = undefined;
      isAsked = false;
      return item;
    },
    leave() {
      hasLeft = true;
      clearTimeout(idle);
      deliver?.("left");
    },
  };
}

const encoder = new TextEncoder();
const keepAlive = encoder.encode(": keep-alive\n\n");

function toBytes(item: Item): Uint8Array {
  if (isPlace(item)) return encode({ event: protocolEvents.place, id: item.id, data: "{}" });
  const { id, event } = item;
  if (Object.values<string | undefined>(protocolEvents).includes(event))
    throw new RoostError("internal", `an item is named "${event}", which is reserved: use another name`);
  const name = event === "message" ? undefined : event;
  if (typeof item.data !== "object" || item.data === null)
    return encode({ id, event: name, data: checkLength(JSON.stringify(item.data)) });
  const known = written.get(item.data);
  if (known !== undefined && known.id === id && known.name === name) return known.bytes;
  const text = known?.text ?? checkLength(JSON.stringify(item.data));
  const bytes = encode({ id, event: name, data: text });
  written.set(item.data, { text, id, name, bytes });
  return bytes;
}

// tidy: only a saving: what many streams send is one object, is written as JSON once, and as bytes once where it stands at one place.
const written = new WeakMap<
  object,
  { text: string; id: string | undefined; name: string | undefined; bytes: Uint8Array }
>();

function checkLength(text: string): string {
  if (text.length <= eventCharsMax) return text;
  throw new RoostError(
    "internal",
    `an event of ${text.length} characters exceeds the limit of ${eventCharsMax}: send a reference instead`,
  );
}

/** JSON has no line breaks, so that each field is one line. */
function encode({
  event,
  data,
  id,
}: {
  event?: string | undefined;
  data: string;
  id?: string | undefined;
}): Uint8Array {
  const named = event === undefined ? "" : `event: ${event}\n`;
  const placed = id === undefined ? "" : `id: ${id}\n`;
  return encoder.encode(`${named}data: ${data}\n${placed}\n`);
}
