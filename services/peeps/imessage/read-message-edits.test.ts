import assert from "node:assert/strict";
import { test } from "node:test";
import { buildBinary } from "plist";
import { bodyOf } from "./create-chat-db.fixture.ts";
import { readMessageEdits } from "./read-message-edits.ts";

test("readMessageEdits() reads the texts of each part that was edited, and what was unsent", () => {
  const ec = {
    "0": [
      { d: 690_513_474.25, t: bodyOf("Helo") },
      { d: 690_513_480.5, t: bodyOf("Hello") },
    ],
  };
  const otr = { "0": { lo: 0, le: 4 }, "1": { lo: 4, le: 9 } };
  const edited = readMessageEdits(buildBinary({ amc: 0, ec, otr, ep: [0], rp: [1], ust: true }));
  assert.deepEqual(edited, {
    versions: [
      { part: 0, atMs: 1_668_820_674_250, text: "Helo" },
      { part: 0, atMs: 1_668_820_680_500, text: "Hello" },
    ],
    isUnsent: false,
  });
  const unsent = readMessageEdits(buildBinary({ amc: 0, otr: { "0": { lo: 0, le: 13 } }, rp: [0] }));
  assert.deepEqual(unsent, { versions: [], isUnsent: true });
});

test("readMessageEdits() says nothing of what is torn, of another form, or too large", () => {
  const whole = buildBinary({ rp: [0], otr: { "0": {} } });
  for (let length = 0; length < whole.length; length += 1) readMessageEdits(whole.subarray(0, length));
  for (const bytes of [Buffer.from("bplist00"), Buffer.from("<plist/>"), Buffer.alloc(2 ** 21, "bplist00")])
    assert.equal(readMessageEdits(bytes), undefined);
  const odd = buildBinary({ ec: { "0": ["x", { d: "x", t: 1 }] }, rp: "x", otr: [1] });
  assert.deepEqual(readMessageEdits(odd), { versions: [], isUnsent: false });
});
