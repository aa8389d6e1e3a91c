import assert from "node:assert/strict";
import { test } from "node:test";
import { readLines } from "./read-lines.ts";

async function* partsOf(...parts: (string | Uint8Array)[]) {
  yield* parts;
}

test("readLines() ends lines at line feeds alone, wherever the parts are cut, and drops what is too long", async () => {
  const text = "one\u2028two\u0085ü\n\nthree\r\n" + "x".repeat(30) + "\nlast";
  const lines = ["one\u2028two\u0085ü", "", "three\r", undefined, "last"];
  const bytes = new TextEncoder().encode(text);
  for (const parts of [[text], [bytes], [...bytes].map((byte) => Uint8Array.of(byte)), text.split("")])
    assert.deepEqual(await Array.fromAsync(readLines(partsOf(...parts), { charsMax: 20 })), lines);
  assert.deepEqual(await Array.fromAsync(readLines(partsOf("a\n"), { charsMax: 20 })), ["a"]);
  assert.deepEqual(await Array.fromAsync(readLines(partsOf(), { charsMax: 20 })), []);
});
