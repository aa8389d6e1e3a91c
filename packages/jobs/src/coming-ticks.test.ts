import assert from "node:assert/strict";
import { test } from "node:test";
import { comingTicks, previewMoments } from "./coming-ticks.ts";

const inBerlin = (at: Date) => at.toLocaleString("sv-SE", { timeZone: "Europe/Berlin" }).slice(5, 16);
const trigger = { kind: "cron", expression: "30 2 * * *", timeZone: "Europe/Berlin" } as const;

test("previewMoments() shows what the clock change makes of a moment that does not exist, and of one that is twice", () => {
  const spring = previewMoments(trigger, { timeZone: "UTC", from: new Date("2026-03-27T12:00Z"), count: 3 });
  assert.equal(spring.timeZone, "Europe/Berlin");
  assert.deepEqual(
    spring.moments.map(({ at }) => inBerlin(at)),
    ["03-28 02:30", "03-29 03:00", "03-30 02:30"],
  );
  const autumn = previewMoments(trigger, { timeZone: "UTC", from: new Date("2026-10-24T12:00Z"), count: 2 });
  assert.deepEqual(
    autumn.moments.map(({ at }) => at.toISOString()),
    ["2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z"],
  );
});

test("previewMoments() says which moments lie outside of the active hours, and refuses what no job may have", () => {
  const options = { timeZone: "UTC", from: new Date("2026-03-01T05:30Z"), count: 4 };
  const { moments } = previewMoments(
    { kind: "cron", expression: "0 * * * *" },
    { ...options, activeHours: { start: "07:00", end: "09:00" } },
  );
  assert.deepEqual(
    moments.map(({ isActive }) => isActive),
    [false, true, true, false],
  );
  assert.throws(() => previewMoments({ kind: "cron", expression: "99 * * * *" }, options), { code: "invalid_input" });
});

test("comingTicks() mixes jobs in order and says when it leaves some out", () => {
  const nextAt = new Date("2026-03-01T06:00Z");
  const job = (id: string, everyMs: number, definition = {}) => ({
    id,
    trigger: { kind: "every" as const, everyMs },
    timeZone: "UTC",
    nextAt,
    createdAt: nextAt,
    definition: definition as never,
  });
  const jobs = [job("b", 3_600_000), job("a", 7_200_000), { ...job("manual", 1), nextAt: null }];
  const until = new Date("2026-03-01T09:00Z");
  const { ticks, isCut } = comingTicks(jobs, { until, limit: 100 });
  assert.deepEqual(
    ticks.map(({ jobId, at }) => `${jobId}${at.getUTCHours()}`),
    ["a6", "b6", "b7", "a8", "b8", "b9"],
  );
  assert.equal(isCut, false);
  const from = new Date(nextAt.getTime() + 60_001);
  const later = comingTicks(jobs, { from, until, limit: 100 }).ticks;
  assert.deepEqual(
    later,
    ticks.filter(({ at }) => at >= from),
    "a later week does not count from now",
  );
  const cut = comingTicks(jobs, { until, limit: 2 });
  assert.deepEqual([cut.isCut, cut.completeUntil.getUTCHours()], [true, 7]);
  const inactive = { activeHours: { start: "06:00", end: "07:00" } };
  const seen = comingTicks([job("b", 3_600_000, inactive)], { until, limit: 2 });
  assert.deepEqual([seen.ticks.length, seen.completeUntil.getUTCHours()], [1, 8], "what is not due was looked at too");
});

test("comingTicks() and previewMoments() read active hours in the zone of the job, as its ticks do", () => {
  const nextAt = new Date("2026-03-01T06:00Z");
  const activeHours = { start: "07:00", end: "09:00" };
  const everyHour = { id: "a", trigger: { kind: "every" as const, everyMs: 3_600_000 }, nextAt, createdAt: nextAt };
  const job = { ...everyHour, timeZone: "Europe/Berlin", definition: { activeHours } as never };
  const { ticks } = comingTicks([job], { until: new Date("2026-03-01T12:00Z"), limit: 100 });
  assert.deepEqual(
    ticks.map(({ at }) => at.getUTCHours()),
    [6, 7],
  );
  const options = { activeHours, timeZone: "Europe/Berlin", from: new Date("2026-03-01T05:30Z"), count: 3 };
  const { moments } = previewMoments({ kind: "cron", expression: "0 * * * *" }, options);
  assert.deepEqual(
    moments.map(({ isActive }) => isActive),
    [true, true, false],
  );
});
