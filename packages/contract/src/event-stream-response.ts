/**
 * A response that sends the items of a stream as server-sent events: one item
 * is asked for when the connection can take it, comments keep an idle
 * connection alive, and the iterator is returned when the reader leaves. The
 * last event is `end` or `problem`; a stream without it was cut.
 */
import { RoostError, toRoostError } from "@roost/base";
import { isPlace, type StreamItem, type StreamPlace } from "./handlers.ts";
import type { Problem } from "./problem.ts";
import { eventStreamMediaType, formatEvent, formatPlace } from "./server-sent-events.ts";

export const endEvent = "end";
export const problemEvent = "problem";

export interface EventStreamOptions {
  /** Aborted by whoever ends the stream: the stream is then cut without `end`, so that its reader comes back. */
  signal: AbortSignal;
  /** Called once, when the stream is over for any reason. */
  onClose: () => void;
  /** What is told of an error; it also logs it. */
  describeError: (error: unknown) => Problem;
  /** Time without an item after which a comment is sent. */
  keepAliveMs?: number;
  /** How long a reader should wait before it comes back. */
  retryMs?: number;
}

const keepAliveMsDefault = 15_000;
const retryMsDefault = 1000;

export function createEventStreamResponse(
  items: AsyncIterable<StreamItem<unknown> | StreamPlace>,
  options: EventStreamOptions,
): Response {
  const body = createBody(items, options);
  const headers = {
    "content-type": eventStreamMediaType,
    "cache-control": "no-store",
    // Tells nginx and its like to pass each event on at once.
    "x-accel-buffering": "no",
  };
  return new Response(body, { status: 200, headers });
}

function createBody(
  items: AsyncIterable<StreamItem<unknown> | StreamPlace>,
  options: EventStreamOptions,
): ReadableStream<Uint8Array> {
  const { signal, onClose, describeError, keepAliveMs = keepAliveMsDefault, retryMs = retryMsDefault } = options;
  const iterator = items[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let pending: Promise<IteratorResult<StreamItem<unknown> | StreamPlace>> | undefined;
  let isClosed = false;
  let cut: () => void = () => {};

  const close = () => {
    if (isClosed) return;
    isClosed = true;
    signal.removeEventListener("abort", cut);
    onClose();
    // Not awaited: a generator that waits for something may take long to come back, and nobody reads its answer.
    void Promise.resolve(iterator.return?.()).catch(() => {});
  };

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        cut = () => {
          if (isClosed) return;
          close();
          controller.close();
        };
        if (signal.aborted) return cut();
        signal.addEventListener("abort", cut, { once: true });
        controller.enqueue(encoder.encode(`retry: ${retryMs}\n\n`));
      },
      async pull(controller) {
        let text: string;
        let isLast = false;
        try {
          pending ??= iterator.next();
          const result = await nextOrIdle(pending, keepAliveMs);
          if (result === "idle") {
            text = ": keep-alive\n\n";
          } else {
            pending = undefined;
            isLast = result.done === true;
            text = isLast ? formatEvent({ event: endEvent, data: "{}" }) : formatItem(result.value);
          }
        } catch (thrown) {
          if (isClosed) return;
          isLast = true;
          text = formatEvent({ event: problemEvent, data: JSON.stringify(describeError(toRoostError(thrown))) });
        }
        if (isClosed) return;
        controller.enqueue(encoder.encode(text));
        if (isLast) {
          close();
          controller.close();
        }
      },
      cancel: close,
    },
    { highWaterMark: 1 },
  );
}

function formatItem(item: StreamItem<unknown> | StreamPlace): string {
  if (isPlace(item)) return formatPlace(item.id);
  if (item.event === endEvent || item.event === problemEvent) {
    throw new RoostError(
      "internal",
      `an item is named "${item.event}", which belongs to the protocol: name it otherwise`,
    );
  }
  return formatEvent({ id: item.id, event: item.event, data: JSON.stringify(item.data) });
}

function nextOrIdle<T>(pending: Promise<T>, idleMs: number): Promise<T | "idle"> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve("idle"), idleMs);
    pending.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
