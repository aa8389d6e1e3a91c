import assert from "node:assert/strict";
import { test } from "node:test";
import { createEventParser, eventCharsMax, formatEvent, type RawEvent } from "./server-sent-events.ts";

function parseAll(text: string, partChars = text.length): RawEvent[] {
  const parser = createEventParser();
  const events: RawEvent[] = [];
  for (let from = 0; from < text.length; from += partChars)
    events.push(...parser.push(text.slice(from, from + partChars)));
  return events;
}

test("formatEvent() is undone by the parser, however the text is cut", () => {
  const events: RawEvent[] = [
    { id: "runs/0:12,jobs/1:7", event: "said", data: '{"a":"b\\nc"}' },
    { id: undefined, event: undefined, data: "line one\nline two\n\n: not a comment\n" },
    { id: "3", event: undefined, data: "" },
  ];
  const text = events.map(formatEvent).join("");
  for (const partChars of [1, 2, 3, 7, text.length])
    assert.deepEqual(parseAll(text, partChars), events, `${partChars}`);
});

test("createEventParser() bears CR, CRLF, comments, unknown fields, a BOM and events without data", () => {
  const text =
    "\uFEFF: hello\r\nid: 1\r\nevent:x\r\ndata:  two spaces\r\n\r\nnope: 1\rdata\rdata:b\r\revent: y\n\ndata: last\n\n";
  const expected = [
    { id: "1", event: "x", data: " two spaces" },
    { id: undefined, event: undefined, data: "\nb" },
    { id: undefined, event: undefined, data: "last" },
  ];
  for (const partChars of [1, 5, text.length]) assert.deepEqual(parseAll(text, partChars), expected, `${partChars}`);
});

test("createEventParser() ignores an id with NUL and an event that is cut off", () => {
  assert.deepEqual(parseAll("id: a\0b\ndata: x\n\ndata: unfinished\n"), [
    { id: undefined, event: undefined, data: "x" },
  ]);
});

test("createEventParser() refuses an event without end", () => {
  const parser = createEventParser();
  assert.throws(() => parser.push(`data: ${"x".repeat(eventCharsMax + 1)}`), { code: "limit_exceeded" });
  const lines = createEventParser();
  const line = `data: ${"x".repeat(1024 * 1024)}\n`;
  assert.throws(
    () => {
      for (let count = 0; count < 10; count += 1) lines.push(line);
    },
    { code: "limit_exceeded" },
  );
});

test("formatEvent() refuses an id or a name with a line break, and an event that is too long", () => {
  assert.throws(() => formatEvent({ id: "a\nb", data: "" }), { code: "internal" });
  assert.throws(() => formatEvent({ event: "a\rb", data: "" }), { code: "internal" });
  assert.throws(() => formatEvent({ data: "x".repeat(eventCharsMax) }), { code: "internal" });
});
