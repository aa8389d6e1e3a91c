import assert from "node:assert/strict";
import { test } from "node:test";
import { readBook } from "./read-book.ts";

test("readBook() knows a book whose first bytes end within a character", () => {
  const mark = "\ufeff";
  for (const fill of [0, 1, 2, 3]) {
    const note = `${"x".repeat(fill)}${"ü".repeat(3_000)}`;
    const card = `${mark}BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ida Berg\r\nNOTE:${note}\r\nEND:VCARD\r\n`;
    assert.equal(readBook(Buffer.from(card)).contacts.length, 1);
  }
});
