import assert from "node:assert/strict";
import { test } from "node:test";
import { createTail } from "./create-tail.ts";

test("createTail() keeps the whole of what is short, and the last bytes of what is long, in whatever pieces it comes", () => {
  const short = createTail(10);
  for (const piece of ["he", "", "llo"]) short.push(Buffer.from(piece));
  assert.equal(short.bytes().toString(), "hello");
  const many = createTail(1_000);
  for (let index = 0; index < 250_000; index += 1) many.push(Buffer.from([index % 251]));
  const kept = many.bytes();
  assert.ok(kept.length >= 1_000 && kept.length <= 2_000, `${kept.length}`);
  assert.deepEqual(
    [...kept.subarray(-1_000)],
    Array.from({ length: 1_000 }, (_, index) => (249_000 + index) % 251),
  );
});
