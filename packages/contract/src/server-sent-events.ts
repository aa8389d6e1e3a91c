/**
 * The text form of server-sent events (WHATWG HTML, section 9.2), both ways. It knows
 * nothing of operations. Writing is in event-stream-response.ts, reading again
 * after a lost connection in http-stream.ts.
 */
// tidy: writing and reading one format.
import { RoostError } from "@roost/base";

export const eventStreamMediaType = "text/event-stream";

/** The longest event that is written or read. */
export const eventCharsMax = 4 * 1024 * 1024;

export interface RawEvent {
  id?: string | undefined;
  event?: string | undefined;
  data: string;
}

/** @throws internal for an id or a name that would break the lines */
export function formatEvent(event: RawEvent): string {
  let text = "";
  if (event.id !== undefined) text += `id: ${oneLine("id", event.id)}\n`;
  if (event.event !== undefined && event.event !== "message") text += `event: ${oneLine("name", event.event)}\n`;
  for (const line of event.data.split(/\r\n|\n|\r/)) text += `data: ${line}\n`;
  if (text.length > eventCharsMax) {
    throw new RoostError(
      "internal",
      `an event of ${text.length} characters is over the limit of ${eventCharsMax}: send a reference to it`,
    );
  }
  return `${text}\n`;
}

/** An id without an event, which the standard lets a reader remember and show nobody. */
export function formatPlace(id: string): string {
  return `id: ${oneLine("id", id)}\n\n`;
}

function oneLine(what: string, text: string): string {
  if (/[\r\n\0]/.test(text))
    throw new RoostError("internal", `the ${what} of an event has a line break or NUL: ${JSON.stringify(text)}`);
  return text;
}

/** What a parser says of the text so far. */
export interface EventParser {
  /** Takes the next part of the text and returns the events that it completed. */
  push(text: string): RawEvent[];
}

/**
 * Events without data are dropped, as the standard says; `onPlace` gets the id of one that has nothing else. `onRetry` gets the
 * milliseconds the server asks to wait.
 */
export function createEventParser(
  options: { onRetry?: (ms: number) => void; onPlace?: (id: string) => void } = {},
): EventParser {
  let rest = "";
  let isStart = true;
  let data: string[] = [];
  let dataChars = 0;
  let event: string | undefined;
  let id: string | undefined;

  return {
    push(text) {
      const events: RawEvent[] = [];
      rest += isStart ? text.replace(/^\uFEFF/, "") : text;
      if (text !== "") isStart = false;
      let from = 0;
      for (;;) {
        const end = nextLineEnd(rest, from);
        if (end === undefined) break;
        takeLine(rest.slice(from, end.at), events);
        from = end.next;
      }
      rest = rest.slice(from);
      if (rest.length + dataChars > eventCharsMax) {
        throw new RoostError("limit_exceeded", `an event is longer than ${eventCharsMax} characters`);
      }
      return events;
    },
  };

  function takeLine(line: string, events: RawEvent[]): void {
    if (line === "") {
      if (data.length > 0) events.push({ id, event, data: data.join("\n") });
      else if (id !== undefined) options.onPlace?.(id);
      data = [];
      dataChars = 0;
      event = undefined;
      id = undefined;
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") {
      data.push(value);
      dataChars += value.length;
    } else if (name === "event") event = value;
    else if (name === "id" && !value.includes("\0")) id = value;
    else if (name === "retry" && /^\d+$/.test(value)) options.onRetry?.(Number(value));
  }
}

/** Where the next line ends; a CR at the very end may be half of a CRLF, so it has to wait. */
function nextLineEnd(text: string, from: number): { at: number; next: number } | undefined {
  for (let index = from; index < text.length; index += 1) {
    const char = text.charCodeAt(index);
    if (char === 10) return { at: index, next: index + 1 };
    if (char !== 13) continue;
    if (index + 1 === text.length) return undefined;
    return { at: index, next: text.charCodeAt(index + 1) === 10 ? index + 2 : index + 1 };
  }
  return undefined;
}
