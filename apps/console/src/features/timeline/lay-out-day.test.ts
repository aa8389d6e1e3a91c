import assert from "node:assert/strict";
import { test } from "node:test";
import type { DayRecord, RunSummary } from "@roost/contract/operations";
import { layOutDay } from "./lay-out-day.ts";

const at = (hour: number) => new Date(Date.UTC(2026, 0, 31, hour)).toISOString();
const run = (jobId: string, from: number, to: number | null) =>
  ({
    id: `${jobId}-${from}`,
    jobId,
    startedAt: at(from),
    createdAt: at(from),
    endedAt: to === null ? null : at(to),
  }) as RunSummary;
const day = (runs: RunSummary[], ticks: DayRecord["ticks"] = []): DayRecord => ({
  day: "2026-01-31",
  from: at(0),
  until: at(24),
  timeZone: "UTC",
  runs,
  isCut: false,
  ticks,
});
const noon = Date.parse(at(12));

test("layOutDay() gives each job a lane, and runs that overlap rows of their own", () => {
  const lanes = layOutDay(day([run("a", 6, 12), run("a", 9, 10), run("a", 12, null), run("b", 0, 24)]), noon);
  const told = lanes.map(({ name, rowCount, bars }) => [
    name,
    rowCount,
    bars.map((bar) => [bar.from, bar.to, bar.row]),
  ]);
  assert.deepEqual(told, [
    [
      "a",
      2,
      [
        [0.25, 0.5, 0],
        [0.375, 10 / 24, 1],
        [0.5, 0.5, 0],
      ],
    ],
    ["b", 1, [[0, 1, 0]]],
  ]);
});

test("layOutDay() shows ticks that did not run, and joins the lanes that are too many", () => {
  const tick = { jobId: "late", scheduledAt: at(6), outcome: "missed" as const, reason: "asleep", count: 3 };
  const many = Array.from({ length: 12 }, (_, index) => run(`job-${index}`, 1, 2));
  const lanes = layOutDay(day(many, [tick]), noon);
  assert.equal(lanes.length, 9);
  assert.equal(lanes.at(-1)?.name, "5 more");
  const [missed] = lanes.flatMap((lane) => lane.missed);
  assert.deepEqual(missed, { at: 0.25, outcome: "missed", reason: "3 times missed: asleep" });
});
