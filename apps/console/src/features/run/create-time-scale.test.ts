import assert from "node:assert/strict";
import { test } from "node:test";
import { createTimeScale } from "./create-time-scale.ts";

const work = (from: number, to: number) => ({ from, to, isIdle: false });

test("createTimeScale() is even where nothing waits", () => {
  const { at, folds, ticks } = createTimeScale([work(1_000, 2_000), work(2_000, 5_000)]);
  assert.deepEqual([at(1_000), at(3_000), at(5_000), at(9_000)], [0, 0.5, 1, 1]);
  assert.equal(folds.length, 0);
  assert.deepEqual(
    ticks.map(({ workedMs }) => workedMs),
    [0, 1_000, 2_000, 3_000],
  );
});

test("createTimeScale() folds two hours of waiting to a stripe, and stays in order", () => {
  const hours = 7_200_000;
  const intervals = [
    work(0, 60_000),
    { from: 60_000, to: 60_000 + hours, isIdle: true },
    work(60_000 + hours, 120_000 + hours),
  ];
  const { at, folds, workedMs } = createTimeScale(intervals);
  assert.deepEqual(folds, [{ from: 60_000, to: 60_000 + hours }]);
  assert.equal(workedMs, 120_000);
  assert.ok(at(60_000 + hours) - at(60_000) < 0.06);
  const places = [0, 30_000, 60_000, 60_000 + hours / 2, 60_000 + hours, 90_000 + hours, 120_000 + hours].map(at);
  assert.deepEqual(
    places,
    places.toSorted((one, other) => one - other),
  );
  assert.deepEqual([places[0], places.at(-1)?.toFixed(9)], [0, "1.000000000"]);
});

test("createTimeScale() keeps its folds below half of the width, however many there are", () => {
  const intervals = Array.from({ length: 40 }, (_, index) => work(index * 100_000, index * 100_000 + 1_000));
  const { at, folds } = createTimeScale(intervals);
  assert.equal(folds.length, 39);
  const foldedShare = folds.reduce((sum, { from, to }) => sum + at(to) - at(from), 0);
  assert.ok(foldedShare <= 0.51, String(foldedShare));
});
