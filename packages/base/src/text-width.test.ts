import assert from "node:assert/strict";
import { test } from "node:test";
import { cutText, plainLine, plainText, textWidth, wrapText } from "./text-width.ts";

test("textWidth() counts wide characters, marks and joined emoji as a terminal does", () => {
  assert.equal(textWidth("abc"), 3);
  assert.equal(textWidth("日本"), 4);
  assert.equal(textWidth("e\u0301"), 1);
  assert.equal(textWidth("👩‍🚀"), 2);
  assert.equal(textWidth("\u001b[31mred\u001b[39m"), 3);
});

test("cutText() never exceeds the columns and never halves a character", () => {
  for (let columns = 0; columns < 12; columns += 1) assert.ok(textWidth(cutText("日本語 text 👩‍🚀", columns)) <= columns);
});

test("wrapText() breaks at spaces, and words that are too long anywhere", () => {
  assert.deepEqual(wrapText("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrapText("abcdefgh", 3), ["abc", "def", "gh"]);
  assert.deepEqual(wrapText("  roost ps and more", 12), ["  roost ps", "  and more"]);
  assert.deepEqual(wrapText("    ab c", 3), ["ab", "c"]);
  for (const line of wrapText("日本語日本語 some words", 5)) assert.ok(textWidth(line) <= 5);
});

test("plainLine() and plainText() leave no control characters but what they say", () => {
  assert.equal(plainLine("a\u001b]0;title\u0007b\r\nc"), "ab c");
  assert.equal(plainText("a\u001b[2Jb\n\tc\r"), "ab\n\tc");
});
