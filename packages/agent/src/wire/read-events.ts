// Reads an answer's body as events of a reply: an event stream, one JSON document, or JSON lines, whatever the header says. Reports every byte,
// ends at [DONE] or shortly after the finish, and explains a body that is not a reply.

import { RoostError } from "@roost/base";
import { createParser } from "eventsource-parser";
import { describePage, errorText } from "./error-text.ts";
import { createNameJoiner } from "./create-name-joiner.ts";
import { normaliseChunk, type NormalChunk } from "./normalise-chunk.ts";

export interface ReadEventsOptions {
  bodyBytesMax: number;
  /** After the finish, how long to wait for what may still come (usage). */
  finishGraceMs: number;
  onBytes: () => void;
  /** The names that a call can have, to put together what comes in pieces. */
  toolNames: readonly string[];
}

export type ReplyEvent = Exclude<NormalChunk, { kind: "skip" }>;

const beginningCharsMax = 500;
const drainMs = 500;

/** @throws RoostError `unavailable` when the connection breaks or nothing can be read, `limit_exceeded` past `bodyBytesMax` */
export async function* readEvents(response: Response, options: ReadEventsOptions): AsyncGenerator<ReplyEvent, void> {
  if (response.body === null) throw new RoostError("unavailable", "the server answered with nothing");
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  const state: ReadState = { beginning: "", body: undefined, form: undefined, events: [], isDone: false };
  const joinNames = createNameJoiner(options.toolNames);
  const parser = createParser({
    onEvent: ({ data, event }) => takeEvent(state, data, event),
    maxBufferSize: options.bodyBytesMax,
    // Other lines that it cannot read fail nothing, but some servers tell a failure in a line of its own.
    onError: ({ type, field, value, line }) => {
      if (type === "max-buffer-size-exceeded") throw tooLong(options.bodyBytesMax);
      if (field === "error") takeLine(state, (value ?? "").trim(), "error");
      else if (line?.startsWith("{") === true) takeLine(state, line.trim());
    },
  });
  const decoder = new TextDecoder();
  let isFinished = false;
  let hasCalls = false;
  let count = 0;
  try {
    for (;;) {
      const part = await readPart(reader, isFinished ? options.finishGraceMs : undefined);
      if (part === "broken" && !isFinished)
        throw new RoostError("unavailable", "the connection broke before the reply was complete");
      const isLast = part === "broken" || part === "silent" || part.done;
      if (!isLast) options.onBytes();
      const text = isLast ? decoder.decode() : decoder.decode(part.value, { stream: true });
      take(state, { text, isLast, parser, bodyBytesMax: options.bodyBytesMax });
      for (const event of state.events.splice(0)) {
        if (event.kind === "chunk") {
          joinNames(event);
          isFinished ||= event.isFinished;
          hasCalls ||= event.hasCalls;
        }
        // Without choices it says nothing: whether the reply has begun is still open.
        if (event.kind === "error" || event.hasChoices || isFinished) count += 1;
        yield event;
      }
      if (isLast || state.isDone) break;
    }
    if (count === 0) throw nothingRead(state);
    if (isFinished) return;
    if (!state.isDone) throw new RoostError("unavailable", "the connection was closed before the reply was complete");
    // Some only say [DONE].
    yield finishOf(hasCalls ? "tool_calls" : "stop");
  } finally {
    void letGo(reader, state.isDone);
  }
}

/** A complete reply is read to its end, if that comes at once, so that the connection can be reused. */
async function letGo(reader: ReadableStreamDefaultReader<Uint8Array>, isDone: boolean): Promise<void> {
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), isDone ? drainMs : 0).unref();
  try {
    if (isDone) while (!(await reader.read()).done);
  } catch {
    // It broke off after the reply was complete.
  } finally {
    if (isDone) clearTimeout(timer);
  }
}

interface ReadState {
  /** The beginning of the body, for the error message. */
  beginning: string;
  /** Collected when it is one document. */
  body: string | undefined;
  form: "events" | "document" | undefined;
  events: ReplyEvent[];
  isDone: boolean;
}

function tooLong(bytesMax: number): RoostError {
  return new RoostError("limit_exceeded", `the reply is longer than ${bytesMax} bytes`);
}

function take(
  state: ReadState,
  part: { text: string; isLast: boolean; parser: ReturnType<typeof createParser>; bodyBytesMax: number },
): void {
  if (state.beginning.length < beginningCharsMax)
    state.beginning = (state.beginning + part.text).slice(0, beginningCharsMax);
  let { text } = part;
  if (state.form === undefined) {
    text = (state.body ?? "") + text;
    state.body = text;
    const first = text.trimStart().at(0);
    if (first === undefined) return;
    state.form = first === "{" || first === "[" ? "document" : "events";
    state.body = state.form === "document" ? "" : undefined;
  }
  if (state.form === "document") {
    state.body += text;
    if ((state.body ?? "").length > part.bodyBytesMax) throw tooLong(part.bodyBytesMax);
    if (part.isLast) takeDocument(state);
    return;
  }
  part.parser.feed(text);
  // An event at the end may lack its empty line.
  if (part.isLast) part.parser.feed("\n\n");
}

function takeDocument(state: ReadState): void {
  const text = (state.body ?? "").trim();
  const whole = parse(text);
  if (whole !== undefined) {
    const chunk = normaliseChunk(whole);
    if (chunk.kind === "skip") return;
    if (chunk.kind === "chunk") finish(chunk);
    state.events.push(chunk);
    return;
  }
  for (const line of text.split("\n")) takeLine(state, line.trim());
}

function finishOf(reason: string): ReplyEvent {
  const value = { object: "chat.completion.chunk", choices: [{ index: 0, delta: {}, finish_reason: reason }] };
  return { kind: "chunk", value, isFinished: true, hasChoices: true, hasCalls: false };
}

/** A whole completion has ended even when the server gives no reason. */
function finish(chunk: Extract<NormalChunk, { kind: "chunk" }>): void {
  for (const choice of chunk.value["choices"] as Record<string, unknown>[]) choice["finish_reason"] ??= "stop";
  chunk.isFinished = chunk.hasChoices;
}

/** An event whose lines are one JSON text each lost the empty lines between them. */
function takeEvent(state: ReadState, data: string, event: string | undefined): void {
  const isSeveral = data.includes("\n") && parse(data) === undefined;
  for (const line of isSeveral ? data.split("\n") : [data]) takeLine(state, line.trim(), event);
}

/** An unreadable line does not fail the reply. */
function takeLine(state: ReadState, line: string, event?: string): void {
  if (state.isDone) return;
  if (/^(data:\s*)?\[DONE\]$/.test(line)) {
    state.isDone = true;
    return;
  }
  // A proxy may write the name of the field twice; what an event of an error carries may be a text.
  const given = line.replace(/^data:\s*/, "");
  const value = parse(given) ?? (event === "error" && given !== "" ? given : undefined);
  const isNamedError =
    event === "error" && value !== undefined && !(typeof value === "object" && value !== null && "error" in value);
  const chunk = normaliseChunk(isNamedError ? { error: value } : value);
  if (chunk.kind !== "skip") state.events.push(chunk);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

async function readPart(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  withinMs: number | undefined,
): Promise<{ done: false; value: Uint8Array } | { done: true; value?: undefined } | "broken" | "silent"> {
  const read = reader.read().then(
    (part) => (part.done ? { done: true as const } : { done: false as const, value: part.value }),
    (error: unknown) => {
      // An abort comes from the caller and keeps its reason.
      if (error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError")) throw error;
      if (error instanceof RoostError) throw error;
      return "broken" as const;
    },
  );
  if (withinMs === undefined) return await read;
  let timer: NodeJS.Timeout | undefined;
  const silent = new Promise<"silent">((resolve) => {
    timer = setTimeout(() => resolve("silent"), withinMs);
  });
  read.catch(() => {});
  return await Promise.race([read, silent]).finally(() => clearTimeout(timer));
}

/** A web page stands for a wrong address: no later try helps. */
function nothingRead({ beginning }: ReadState): RoostError {
  const text = beginning.trim();
  if (!text.startsWith("<")) return new RoostError("unavailable", emptyReason(text));
  return new RoostError("not_found", describePage(text), { details: { status: 404 } });
}

function emptyReason(text: string): string {
  if (text === "") return "the server answered with nothing";
  if (/^(\ufeff|:.*\n|\s)*data: ?(\{|\[DONE\])/.test(text) && text.includes('"choices"'))
    return "the server ended the reply before it began";
  return `the answer is not a model's reply; it begins: ${(errorText(text) ?? text).slice(0, 200)}`;
}
