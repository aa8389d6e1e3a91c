import assert from "node:assert/strict";
import { test } from "node:test";
import { statistics } from "./statistics.ts";

test("statistics() takes values by nearest rank and does not change what it is given", () => {
  const values = [30, 10, 20, 40];
  assert.deepEqual(statistics(values), { count: 4, p50: 20, p95: 40, p99: 40, min: 10, max: 40 });
  assert.deepEqual(values, [30, 10, 20, 40]);
  assert.deepEqual(statistics([7]), { count: 1, p50: 7, p95: 7, p99: 7, min: 7, max: 7 });
});

test("statistics() refuses to say anything about nothing", () => {
  assert.throws(() => statistics([]), /at least one value/);
});
