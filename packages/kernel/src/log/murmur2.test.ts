import assert from "node:assert/strict";
import { test } from "node:test";
import { murmur2, partitionOf } from "./murmur2.ts";

// From Apache Kafka's own UtilsTest.testMurmur2.
const published: [string, number][] = [
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
];

const bytes = new Uint8Array([12, 42, 56, 24, 109, 111]);

test("murmur2() hashes what Kafka publishes", () => {
  for (const [text, hash] of published) assert.equal(murmur2(Buffer.from(text)), hash, text);
  assert.equal(murmur2(bytes), 274204207);
});

test("partitionOf() is never negative and takes the bytes of UTF-8", () => {
  assert.equal(partitionOf("foobar", 7), (-790332482 & 0x7fffffff) % 7);
  assert.equal(partitionOf("żółw", 1000), (murmur2(Buffer.from("żółw", "utf8")) & 0x7fffffff) % 1000);
  for (let n = 0; n < 1000; n += 1) assert.ok(partitionOf(`key ${n}`, 3) < 3 && partitionOf(`key ${n}`, 3) >= 0);
});
