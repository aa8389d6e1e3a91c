import assert from "node:assert/strict";
import { test } from "node:test";
import { gatherDay, type DayEntry } from "./gather-day.ts";

const entry = (jobId: string, at: number, state: string, count = 1): DayEntry => ({ jobId, at, state, count });

test("gatherDay() shows few moments each, many once with what went wrong among them, those last", () => {
  const often = [1, 2, 3, 4].map((at) => entry("often", at, at === 3 ? "failed" : "done"));
  const groups = gatherDay([
    ...often,
    entry("often", 9, "missed", 5),
    entry("late", 8, "due"),
    entry("early", 2, "done"),
  ]);
  assert.deepEqual(
    groups.map(({ jobId, state, text }) => [jobId, state, text]),
    [
      ["early", "done", undefined],
      ["late", "due", undefined],
      ["often", "failed", "9 times, 1 failed, 5 missed"],
    ],
  );
  assert.deepEqual(
    gatherDay([entry("asleep", 1, "missed", 2)]).map(({ text }) => text),
    ["2 times"],
  );
  assert.deepEqual(gatherDay([]), []);
});
