import assert from "node:assert/strict";
import { test } from "node:test";
import { inBatches } from "./in-batches.ts";

async function* each(texts: readonly string[]): AsyncGenerator<string> {
  yield* texts;
}
const lengthsOf = async (texts: readonly string[], countMax: number) =>
  (await Array.fromAsync(inBatches(each(texts), countMax, (text) => text))).map((batch) => batch.length);

test("inBatches() ends a batch at its count and at its bytes, and gives one that is larger alone", async () => {
  const mebibyte = "x".repeat(1024 ** 2);
  assert.deepEqual(await lengthsOf([], 2), []);
  assert.deepEqual(await lengthsOf(["a", "b", "c", "d", "e"], 2), [2, 2, 1]);
  assert.deepEqual(await lengthsOf(["a", "b"], 2), [2]);
  assert.deepEqual(
    await lengthsOf(
      Array.from({ length: 9 }, () => mebibyte),
      100,
    ),
    [4, 4, 1],
  );
  assert.deepEqual(await lengthsOf(["a", mebibyte.repeat(5), "b"], 100), [1, 1, 1]);
  assert.deepEqual(
    await lengthsOf(
      Array.from({ length: 2 }, () => "é".repeat(1.5 * 1024 ** 2)),
      100,
    ),
    [1, 1],
  );
  assert.deepEqual(await Array.fromAsync(inBatches(each(["a", "b", "c"]), 2)), [["a", "b"], ["c"]]);
});
