/**
 * Reads server-sent events over as many connections as needed: a lost one is reopened with the last id after growing delays, and the stream gives
 * up after too many failed attempts. `end` and `problem` end it, unless the problem is temporary.
 */
import { backoffMs, formatDurationMs, RoostError, sleepUntilAborted, toRoostError } from "@roost/base/browser";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import type { StreamItem } from "./handlers.ts";
import { fromProblem } from "./from-problem.ts";
import { readChunks } from "./read-chunks.ts";
import { eventCharsMax, eventStreamMediaType, protocolEvents } from "./protocol-events.ts";

export interface ReconnectOptions {
  /** Failed attempts in a row before giving up. An attempt that delivers any item counts as a success. */
  attemptsMax: number;
  delayMsMin: number;
  delayMsMax: number;
  /** A connection that is silent this long, without even a keep-alive, counts as lost. */
  idleMsMax: number;
}

export const reconnectDefaults: Readonly<ReconnectOptions> = {
  attemptsMax: 10,
  delayMsMin: 200,
  delayMsMax: 5000,
  idleMsMax: 60_000,
};

export interface HttpStreamOptions {
  /** Name of the stream, for messages. */
  what: string;
  connect: (signal: AbortSignal, lastId: string | undefined) => Promise<Response>;
  signal?: AbortSignal | undefined;
  reconnect?: Partial<ReconnectOptions> | undefined;
  /** Told the position of each new connection, before its first item. */
  onPlace?: ((id: string) => void) | undefined;
}

/** @throws the server's error; unavailable when reconnecting fails; the signal's reason when aborted */
export async function* readHttpStream(options: HttpStreamOptions): AsyncGenerator<StreamItem<unknown>> {
  const limits = { ...reconnectDefaults, ...options.reconnect };
  const ending = new AbortController();
  const signal = options.signal === undefined ? ending.signal : AbortSignal.any([options.signal, ending.signal]);
  const place: Place = { lastId: undefined, hasProgress: false };
  let vainCount = 0;
  try {
    for (;;) {
      signal.throwIfAborted();
      place.hasProgress = false;
      let lost: unknown;
      try {
        yield* readOneConnection(options, limits, signal, place);
        return;
      } catch (thrown) {
        if (options.signal?.aborted === true) throw options.signal.reason;
        const error = toRoostError(thrown);
        if (!error.retryable) throw error;
        lost = error;
      }
      vainCount = place.hasProgress ? 0 : vainCount + 1;
      if (vainCount >= limits.attemptsMax) {
        throw new RoostError(
          "unavailable",
          `${options.what} was lost and ${limits.attemptsMax} attempts to reconnect failed (${(lost as Error).message}): check that the server is running, then retry${place.lastId === undefined ? "" : ` after ${place.lastId}`}`,
          { cause: lost, details: { after: place.lastId ?? null } },
        );
      }
      const delayMs = backoffMs(vainCount, { firstMs: limits.delayMsMin, maxMs: limits.delayMsMax });
      await sleepUntilAborted(delayMs, { signal });
    }
  } finally {
    ending.abort();
  }
}

interface Place {
  lastId: string | undefined;
  hasProgress: boolean;
}

/** Returns when the server ended the stream; throws `unavailable` when it was cut off. */
async function* readOneConnection(
  options: HttpStreamOptions,
  limits: ReconnectOptions,
  signal: AbortSignal,
  place: Place,
): AsyncGenerator<StreamItem<unknown>> {
  const connection = new AbortController();
  const idle = createIdleTimer(limits.idleMsMax, () => {
    connection.abort(
      new RoostError("unavailable", `${options.what} was silent for ${formatDurationMs(limits.idleMsMax)}`),
    );
  });
  try {
    const response = await options.connect(AbortSignal.any([signal, connection.signal]), place.lastId);
    const mediaType = response.headers.get("content-type") ?? "";
    if (!mediaType.startsWith(eventStreamMediaType) || response.body === null) {
      throw new RoostError("internal", `${options.what} got "${mediaType}" instead of ${eventStreamMediaType}`);
    }
    const events: EventSourceMessage[] = [];
    const parser = createParser({
      onEvent: (event) => events.push(event),
      // A comment shows that the server is alive.
      onComment: () => (place.hasProgress = true),
      maxBufferSize: eventCharsMax,
      onError: (error) => {
        if (error.type !== "max-buffer-size-exceeded") return;
        throw new RoostError(
          "limit_exceeded",
          `an event of ${options.what} is longer than ${eventCharsMax} characters`,
        );
      },
    });
    const decoder = new TextDecoder();
    for await (const bytes of readChunks(response.body)) {
      idle.restart();
      parser.feed(decoder.decode(bytes, { stream: true }));
      for (const event of events.splice(0)) {
        if (event.event === protocolEvents.end) return;
        if (event.event === protocolEvents.problem) throw fromProblemEvent(event);
        if (event.event === protocolEvents.place) {
          place.lastId = event.id;
          if (event.id !== undefined) options.onPlace?.(event.id);
          continue;
        }
        place.hasProgress = true;
        if (event.id !== undefined) place.lastId = event.id;
        idle.stop(); // The reader may be slow.
        yield toItem(options.what, event);
        idle.restart();
      }
    }
  } catch (thrown) {
    // Our own abort is not wrapped: its reason says why.
    if (connection.signal.aborted && !signal.aborted) throw connection.signal.reason;
    if (thrown instanceof RoostError) throw thrown;
    throw new RoostError("unavailable", `the connection was lost: ${toRoostError(thrown).message}`, { cause: thrown });
  } finally {
    idle.stop();
    connection.abort();
  }
  throw new RoostError("unavailable", "the connection was closed before the stream ended");
}

function toItem(what: string, event: EventSourceMessage): StreamItem<unknown> {
  let data: unknown;
  try {
    data = JSON.parse(event.data);
  } catch (cause) {
    throw new RoostError("internal", `${what} sent an event that is not JSON: ${event.data.slice(0, 200)}`, { cause });
  }
  const item: StreamItem<unknown> = { data };
  if (event.id !== undefined) item.id = event.id;
  if (event.event !== undefined) item.event = event.event;
  return item;
}

function fromProblemEvent(event: EventSourceMessage): RoostError {
  try {
    const body = JSON.parse(event.data) as { status?: number };
    return fromProblem(body.status ?? 500, body);
  } catch {
    return fromProblem(500, undefined);
  }
}

function createIdleTimer(idleMsMax: number, onIdle: () => void): { restart(): void; stop(): void } {
  let timer: ReturnType<typeof setTimeout> | undefined = setTimeout(onIdle, idleMsMax);
  return {
    restart() {
      clearTimeout(timer);
      timer = setTimeout(onIdle, idleMsMax);
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
