/**
 * Sends the items of a stream as server-sent events, with backpressure and keep-alive comments; the iterator is returned when the reader leaves.
 * The last event is `end` or `problem`; without it the stream was cut off.
 */
import { RoostError, toRoostError } from "@roost/base";
import type { Context } from "hono";
import { streamSSE, type SSEStreamingApi } from "hono/streaming";
import { isPlace, type StreamItem, type StreamPlace } from "./handlers.ts";
import type { Problem } from "./problem.ts";
import { eventCharsMax, protocolEvents } from "./protocol-events.ts";

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
  // Keeps nginx and similar proxies from buffering.
  context.header("x-accel-buffering", "no");
  const response = streamSSE(context, (stream) => send(stream, items, options));
  response.headers.set("cache-control", "no-store");
  return response;
}

async function send(stream: SSEStreamingApi, items: AsyncIterable<Item>, options: EventStreamOptions): Promise<void> {
  const { signal, onClose, describeError, keepAliveMs = keepAliveMsDefault, retryMs = retryMsDefault } = options;
  const end = options.end ?? { event: protocolEvents.end, data: "{}" };
  const iterator = items[Symbol.asyncIterator]();
  const left = Promise.withResolvers<"left">();
  // Data already written is still sent, so that a reader can resume at its position.
  const leave = () => left.resolve("left");
  stream.onAbort(leave);
  signal.addEventListener("abort", leave, { once: true });
  try {
    await stream.write(`retry: ${retryMs}\n\n`);
    let pending: Promise<IteratorResult<Item>> | undefined;
    while (!stream.aborted && !signal.aborted) {
      pending ??= iterator.next();
      const result = await nextOrIdle(pending, left.promise, keepAliveMs);
      if (result === "left") return;
      if (result === "idle") {
        await stream.write(": keep-alive\n\n");
        continue;
      }
      pending = undefined;
      if (result.done === true) return await stream.writeSSE(end);
      await stream.writeSSE(toMessage(result.value));
    }
  } catch (thrown) {
    if (stream.aborted) return;
    const data = JSON.stringify(describeError(toRoostError(thrown)));
    await stream.writeSSE({ event: protocolEvents.problem, data });
  } finally {
    signal.removeEventListener("abort", leave);
    onClose();
    // Not awaited: a waiting generator may take long to return, and the result is unused.
    void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

function toMessage(item: Item): { id?: string; event?: string; data: string } {
  if (isPlace(item)) return { event: protocolEvents.place, id: item.id, data: "{}" };
  const { id, event } = item;
  if (Object.values<string | undefined>(protocolEvents).includes(event))
    throw new RoostError("internal", `an item is named "${event}", which is reserved: use another name`);
  const data = JSON.stringify(item.data);
  if (data.length > eventCharsMax)
    throw new RoostError(
      "internal",
      `an event of ${data.length} characters exceeds the limit of ${eventCharsMax}: send a reference instead`,
    );
  return {
    ...(id !== undefined && { id }),
    ...(event !== undefined && event !== "message" && { event }),
    data,
  };
}

function nextOrIdle<T>(pending: Promise<T>, left: Promise<"left">, idleMs: number): Promise<T | "idle" | "left"> {
  const idle = Promise.withResolvers<"idle">();
  const timer = setTimeout(() => idle.resolve("idle"), idleMs);
  return Promise.race([pending, left, idle.promise]).finally(() => clearTimeout(timer));
}
