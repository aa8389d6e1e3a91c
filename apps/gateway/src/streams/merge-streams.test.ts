import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeStreams } from "./merge-streams.ts";

async function* count(from: number, to: number, ended: number[] = []): AsyncGenerator<number, void> {
  try {
    for (let number = from; number <= to; number += 1) yield number;
  } finally {
    ended.push(from);
  }
}

test("mergeStreams() gives every item of all streams, also of those that are added meanwhile", async () => {
  const added: AsyncGenerator<number, void>[] = [count(21, 23)];
  const items: number[] = [];
  for await (const item of mergeStreams([count(1, 3), count(11, 13)], added)) {
    items.push(item);
    if (item === 2) added.push(count(31, 33));
  }
  assert.deepEqual(
    items.toSorted((one, other) => one - other),
    [1, 2, 3, 11, 12, 13, 21, 22, 23, 31, 32, 33],
  );
});

test("mergeStreams() asks no stream for more than is taken, and leaves all when its reader leaves", async () => {
  const ended: number[] = [];
  const streams = [count(1, 1_000_000, ended), count(2_000_000, 3_000_000, ended)];
  for await (const item of mergeStreams(streams)) if (item === 3) break;
  await Promise.all(streams.map((stream) => stream.return()));
  assert.deepEqual(ended.toSorted(), [1, 2_000_000]);
});

test("mergeStreams() fails with the first stream that fails", async () => {
  // oxlint-disable-next-line require-yield
  async function* broken(): AsyncGenerator<number, void> {
    throw new Error("broken");
  }
  await assert.rejects(async () => {
    for await (const _ of mergeStreams([count(1, 1), broken()]));
  }, /broken/);
});
