import assert from "node:assert/strict";
import { test } from "node:test";
import { looksLikeText } from "./looks-like-text.ts";

test("looksLikeText() takes what has a few NULs or the name of a text for a text, and no other content", () => {
  const text = Buffer.from("password: hunter2\n".repeat(1_000));
  const torn = Buffer.concat([text, Buffer.alloc(3), text]);
  const random = Buffer.from(Array.from({ length: 65_536 }, (_, at) => (at * 167) % 256));
  assert.equal(looksLikeText("notes/dump", text), true);
  assert.equal(looksLikeText("notes/dump.bin", torn), true);
  assert.equal(looksLikeText("notes/dump.bin", Buffer.alloc(0)), true);
  assert.equal(looksLikeText("films/a.mp4", random), false);
  assert.equal(looksLikeText("disk.img", Buffer.alloc(65_536)), false);
  // Each second byte of UTF-16 is NUL.
  assert.equal(looksLikeText("logs/a.LOG", Buffer.from("password: x", "utf16le")), true);
  assert.equal(looksLikeText("records/all.jsonl", random), true);
});
