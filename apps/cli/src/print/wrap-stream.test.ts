import assert from "node:assert/strict";
import { test } from "node:test";
import { textWidth } from "@roost/base/text-width";
import { wrapStream } from "./wrap-stream.ts";

const text = "Reads  what is new in the feeds.\n\n  - indented and long enough to break\n  - 日本語 words\nlast";

test("wrapStream() breaks at words, wherever the pieces of the text end", () => {
  const whole = wrapStream(() => 20);
  const expected = whole.push(text) + whole.end();
  for (const line of expected.split("\n")) assert.ok(textWidth(line) <= 20, line);
  assert.equal(expected.replaceAll(/\s+/g, " "), text.replaceAll(/\s+/g, " "));
  assert.match(expected, /\n\n {2}- indented/);
  for (const size of [1, 2, 3, 7]) {
    const stream = wrapStream(() => 20);
    let written = "";
    for (let at = 0; at < text.length; at += size) written += stream.push(text.slice(at, at + size));
    assert.equal(written + stream.end(), expected);
  }
});

test("wrapStream() leaves short lines and a word longer than a line as they are", () => {
  const stream = wrapStream(() => 10);
  assert.equal(stream.push("a b\n") + stream.end(), "a b\n");
  assert.equal(stream.push("abcdefghijklmno p") + stream.end(), "abcdefghijklmno\np");
});
