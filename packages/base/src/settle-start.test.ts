import assert from "node:assert/strict";
import { test } from "node:test";
import { giveBackMemory } from "./settle-start.ts";

const kept: number[][] = [];

test("giveBackMemory() returns what was allocated and is not used any more", () => {
  for (let index = 0; index < 64; index += 1) kept.push(Array.from({ length: 100_000 }, () => 0.5));
  const before = process.memoryUsage().heapTotal;
  kept.length = 0;
  giveBackMemory();
  const given = before - process.memoryUsage().heapTotal;
  assert.ok(given > 32 * 1024 * 1024, `${given} of ${before} bytes were given back`);
});
