import assert from "node:assert/strict";
import { test } from "node:test";
import { nextCoolDown, type CoolDown } from "./cool-down.ts";

const failure = (status?: number, retryAfterMs?: number) => ({
  code: "unavailable" as const,
  message: "no",
  status,
  retryAfterMs,
});

function series(status: number | undefined, count: number): number[] {
  const lengths: number[] = [];
  let current: CoolDown | undefined;
  let nowMs = 0;
  for (let index = 0; index < count; index += 1) {
    nowMs = current?.untilMs ?? 0;
    current = nextCoolDown(current, failure(status), { startedMs: nowMs, nowMs });
    lengths.push(current.untilMs - nowMs);
  }
  return lengths;
}

const minute = 60_000;
const rows: [what: string, status: number | undefined, first: number, max: number][] = [
  ["a refused key", 401, 5 * minute, 360 * minute],
  ["missing credit", 402, 5 * minute, 360 * minute],
  ["a missing model", 404, minute, 60 * minute],
  ["a rate limit", 429, 2000, 10 * minute],
  ["a server error", 500, 1000, 5 * minute],
  ["the wire", undefined, 1000, 5 * minute],
];
for (const [what, status, first, max] of rows) {
  test(`nextCoolDown() of ${what} begins at ${first} ms, doubles, and ends at ${max} ms`, () => {
    const lengths = series(status, 40);
    assert.equal(lengths[0], first);
    assert.equal(lengths[1], first * 2);
    assert.equal(lengths.at(-1), max);
    assert.equal(Math.max(...lengths), max);
  });
}

test("nextCoolDown() respects Retry-After when it is longer than the backoff", () => {
  assert.equal(nextCoolDown(undefined, failure(429, 90_000), { startedMs: 0, nowMs: 10 }).untilMs, 90_010);
  assert.equal(nextCoolDown(undefined, failure(429, 1), { startedMs: 0, nowMs: 10 }).untilMs, 2010);
});

test("nextCoolDown() counts attempts that were in flight together once", () => {
  const first = nextCoolDown(undefined, failure(401), { startedMs: 0, nowMs: 100 });
  const second = nextCoolDown(first, failure(401), { startedMs: 5, nowMs: 110 });
  assert.equal(second.failureCount, 1);
  assert.equal(nextCoolDown(second, failure(401), { startedMs: 400_000, nowMs: 400_100 }).failureCount, 2);
});

test("nextCoolDown() counts each kind of failure by itself", () => {
  let current: CoolDown | undefined;
  for (let index = 0; index < 6; index += 1)
    current = nextCoolDown(current, failure(), { startedMs: index * 2 + 1, nowMs: index * 2 + 2 });
  const missing = nextCoolDown(current, failure(404), { startedMs: 100, nowMs: 100 });
  assert.equal(missing.untilMs, 100 + minute);
  assert.equal(missing.failureCount, 1);
  assert.equal(nextCoolDown(missing, failure(404), { startedMs: 200, nowMs: 200 }).untilMs, 200 + 2 * minute);
});
