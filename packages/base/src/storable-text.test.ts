import assert from "node:assert/strict";
import { test } from "node:test";
import {
  findUnstorable,
  isStorableJson,
  isStorableText,
  repairedLine,
  storableText,
  storableValue,
  visibleText,
} from "./storable-text.ts";

test("storableText() replaces NUL and half a surrogate pair, and leaves whole pairs and other control characters", () => {
  assert.equal(storableText("a\0b\ud83d"), "a\ufffdb\ufffd");
  for (const text of ["", "a\n\u0001", "😀", "\uffff"]) {
    assert.equal(isStorableText(text), true);
    assert.equal(storableText(text), text);
  }
  assert.equal(isStorableText("\udc00"), false);
});

test("isStorableJson() sees escapes, and is not misled by an escaped backslash", () => {
  assert.equal(isStorableJson(JSON.stringify({ a: "\0" })), false);
  assert.equal(isStorableJson(JSON.stringify({ "\ud800": 1 })), false);
  assert.equal(isStorableJson(JSON.stringify({ a: "\\u0000 and 😀 and \u0001" })), true);
  assert.equal(isStorableJson(JSON.stringify({ a: "\\\0" })), false);
});

test("storableValue() replaces in texts and in names of fields, at any depth", () => {
  const value = { a: ["x\0", { "n\0": "\ud800" }], b: 1, c: null };
  assert.deepEqual(storableValue(value), { a: ["x\ufffd", { "n\ufffd": "\ufffd" }], b: 1, c: null });
  const clean = { a: ["x"] };
  assert.equal(storableValue(clean), clean);
});

test("findUnstorable() names each place", () => {
  assert.deepEqual(findUnstorable({ a: { b: ["ok", "\0"] }, "\0c": 1, d: "\ud800", e: "😀" }), [
    "a.b[1]",
    "\ufffdc",
    "d",
  ]);
  assert.deepEqual(findUnstorable({ a: ["\0", "\0", "\0"] }, 2), ["a[0]", "a[1]"]);
});

test("visibleText() writes what hides or turns text as its escape, and repairedLine() replaces it in a name", () => {
  assert.equal(
    visibleText("to \u202emoc.evil\u2069\r\n\tb\rc\u001b[2J é😀"),
    "to \\u202emoc.evil\\u2069\r\n\tb\\u000dc\\u001b[2J é😀",
  );
  assert.equal(repairedLine("a\n\u202ecod.exe", 200), "a\ufffd\ufffdcod.exe");
  assert.deepEqual([repairedLine("", 5), repairedLine("abc😀", 4)], [undefined, "abc\ufffd"]);
});
