import assert from "node:assert/strict";
import { test } from "node:test";
import { createSchedule } from "./next-moments.ts";
import {
  dueMomentsPerPassMax,
  missedRowsMax,
  planTicks,
  type CatchUp,
  type DueJob,
  type TickPlan,
} from "./plan-ticks.ts";
import type { Trigger } from "./trigger.ts";

const hourly: Trigger = { kind: "cron", expression: "0 * * * *", timeZone: "UTC" };
const at = (text: string) => Date.parse(`2026-03-01T${text}Z`);
const hourMs = 3_600_000;

const job = (catchUp: CatchUp, more: Partial<DueJob> & { trigger?: Trigger } = {}): DueJob => ({
  jobId: "j",
  nextAtMs: at("01:00"),
  schedule: createSchedule(more.trigger ?? hourly),
  delayMs: 0,
  jitterMsMax: 0,
  catchUp,
  missedCount: 0,
  ...more,
});

const outcomes = (plan: TickPlan) =>
  plan.ticks.map((tick) => `${new Date(tick.atMs).toISOString().slice(11, 16)} ${tick.outcome} ${tick.missedCount}`);

test("planTicks() fires a moment that is due, and says when the next is", () => {
  const plan = planTicks(job({ policy: "last" }), at("01:00:00.250"));
  assert.deepEqual(plan.ticks, [{ atMs: at("01:00"), outcome: "fire", lateMs: 250, missedCount: 0 }]);
  assert.equal(plan.nextAtMs, at("02:00"));
  assert.equal(plan.fireAtMs, at("02:00"));
});

test("planTicks() does nothing before its time", () => {
  assert.deepEqual(planTicks(job({ policy: "last" }), at("00:59:59.999")).ticks, []);
});

test("planTicks() last: one run for an outage, told what was missed", () => {
  const plan = planTicks(job({ policy: "last" }), at("04:30"));
  assert.deepEqual(outcomes(plan), ["01:00 missed 1", "02:00 missed 1", "03:00 missed 1", "04:00 fire 3"]);
  assert.equal(plan.ticks[3]?.lateMs, 30 * 60_000);
  assert.equal(plan.nextAtMs, at("05:00"));
});

test("planTicks() skip: each late moment is recorded and none runs", () => {
  const plan = planTicks(job({ policy: "skip" }), at("03:30"));
  assert.deepEqual(outcomes(plan), ["01:00 skipped 1", "02:00 skipped 1", "03:00 skipped 1"]);
  assert.equal(plan.missedCount, 3);
});

test("planTicks() skip: a moment that is on time runs and is told of the rest", () => {
  assert.deepEqual(outcomes(planTicks(job({ policy: "skip" }), at("03:00:30"))), [
    "01:00 skipped 1",
    "02:00 skipped 1",
    "03:00 fire 2",
  ]);
});

test("planTicks() all: the last ones run, the first of them told of the missed", () => {
  assert.deepEqual(outcomes(planTicks(job({ policy: "all", max: 2 }), at("04:30"))), [
    "01:00 missed 1",
    "02:00 missed 1",
    "03:00 fire 2",
    "04:00 fire 0",
  ]);
});

test("planTicks() keeps to the catch-up window", () => {
  const plan = planTicks(job({ policy: "all", max: 10, windowMs: 2 * hourMs }), at("04:30"));
  assert.deepEqual(outcomes(plan), ["01:00 missed 1", "02:00 missed 1", "03:00 fire 2", "04:00 fire 0"]);
  assert.match(
    planTicks(job({ policy: "last", windowMs: 60_000 }), at("01:10")).ticks[0]?.reason ?? "",
    /catch-up window of 1m/,
  );
});

test("planTicks() at: a one-shot that was due while nothing ran fires late, and is then over", () => {
  const trigger: Trigger = { kind: "at", at: "2026-03-01T01:00:00Z" };
  const plan = planTicks(job({ policy: "last" }, { trigger }), at("09:00"));
  assert.deepEqual(outcomes(plan), ["01:00 fire 0"]);
  assert.equal(plan.nextAtMs, undefined);
});

test("planTicks() leaves a bounded number of rows, and loses no moment", () => {
  const trigger: Trigger = { kind: "every", everyMs: 60_000 };
  const plan = planTicks(job({ policy: "last" }, { trigger }), at("11:00"));
  assert.equal(plan.ticks.length, missedRowsMax + 1);
  assert.equal(plan.ticks[0]?.missedCount, 600 - missedRowsMax + 1);
  assert.equal(plan.ticks[0]?.untilMs, at("09:21") - 60_000);
  assert.equal(plan.ticks.at(-1)?.missedCount, 600);
});

test("planTicks() settles a long outage pass by pass, to the same end", () => {
  const trigger: Trigger = { kind: "every", everyMs: 1_000 };
  const catchUp: CatchUp = { policy: "all", max: 3 };
  const nowMs = at("02:00");
  let due = job(catchUp, { trigger });
  let momentCount = 0;
  const fired: number[] = [];
  let passes = 0;
  for (; passes < 20; passes += 1) {
    const plan = planTicks(due, nowMs);
    if (plan.ticks.length === 0) break;
    for (const tick of plan.ticks) {
      if (tick.outcome === "fire") fired.push(tick.atMs);
      momentCount += tick.outcome === "fire" ? 1 : tick.missedCount;
    }
    assert.ok(plan.nextAtMs !== undefined && plan.nextAtMs > due.nextAtMs);
    due = { ...due, nextAtMs: plan.nextAtMs, missedCount: plan.missedCount };
  }
  assert.ok(passes > 3601 / dueMomentsPerPassMax);
  assert.equal(momentCount, 3601);
  assert.deepEqual(fired, [nowMs - 2_000, nowMs - 1_000, nowMs]);
});

test("planTicks() jitter moves the due time, the same for everybody, and never to the next moment", () => {
  const trigger: Trigger = { kind: "every", everyMs: 60_000 };
  const lates = new Set<number>();
  let due = job({ policy: "last" }, { trigger, jitterMsMax: hourMs });
  for (let count = 0; count < 200; count += 1) {
    const early = planTicks(due, due.nextAtMs - 1);
    assert.deepEqual(early, planTicks(due, due.nextAtMs - 1));
    const fireAtMs = early.fireAtMs ?? 0;
    assert.ok(fireAtMs >= due.nextAtMs && fireAtMs < due.nextAtMs + 60_000);
    lates.add(fireAtMs - due.nextAtMs);
    const plan = planTicks(due, fireAtMs);
    assert.deepEqual(plan.ticks, [{ atMs: due.nextAtMs, outcome: "fire", lateMs: 0, missedCount: 0 }]);
    due = { ...due, nextAtMs: plan.nextAtMs ?? 0 };
  }
  assert.ok(lates.size > 150, "the moments are spread");
});
