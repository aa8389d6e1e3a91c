import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDurationMs, parseDurationMs, writeDurationMs } from "./duration.ts";

test("parseDurationMs() reads units, sums and bare milliseconds", () => {
  const cases: [string | number, number][] = [
    ["30m", 1_800_000],
    ["1h30m", 5_400_000],
    ["250ms", 250],
    ["1.5s", 1500],
    [" 2D ", 172_800_000],
    ["1w", 604_800_000],
    ["1500", 1500],
    [0, 0],
  ];
  for (const [written, ms] of cases) assert.equal(parseDurationMs(written), ms, String(written));
});

test("parseDurationMs() refuses what is not a duration and says what is", () => {
  for (const written of ["", "soon", "5 minutes", "-5m", "5y", "1h 30m", "m", "1.5", Number.NaN, "P1D"]) {
    assert.throws(
      () => parseDurationMs(written),
      { code: "invalid_input", message: /write it like 250ms/ },
      String(written),
    );
  }
  assert.throws(() => parseDurationMs("99999w"), { code: "invalid_input", message: /longer than 100 years/ });
});

test("writeDurationMs() writes what parseDurationMs() reads as the same", () => {
  const cases: [number, string][] = [
    [1_800_000, "30m"],
    [5_400_000, "1h30m"],
    [0, "0s"],
    [90_061_001, "1d1h1m1s1ms"],
    [604_800_000, "7d"],
    [250, "250ms"],
  ];
  for (const [ms, written] of cases)
    assert.deepEqual([writeDurationMs(ms), parseDurationMs(written)], [written, ms], written);
});

test("formatDurationMs() shows the two largest units", () => {
  assert.equal(formatDurationMs(33_120_000), "9h 12m");
  assert.equal(formatDurationMs(45_000), "45s");
  assert.equal(formatDurationMs(86_400_000 * 3), "3d");
  assert.equal(formatDurationMs(86_400_000 + 5000), "1d");
  assert.equal(formatDurationMs(12), "12ms");
  assert.equal(formatDurationMs(-90_000), "-1m 30s");
});
