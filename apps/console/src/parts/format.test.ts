import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createTimeFormats,
  formatAge,
  formatAgo,
  formatCount,
  formatMoment,
  formatMs,
  formatUsd,
  formatUsdShort,
  fromWallTime,
  toWallTime,
} from "./format.ts";

test("formatMs() and formatAge() grow coarser with what they say", () => {
  assert.deepEqual([0, 340, 4_250, 59_900, 64_000, 8_160_000, 273_600_000].map(formatMs), [
    "0 ms",
    "340 ms",
    "4.3 s",
    "59 s",
    "1m 04s",
    "2h 16m",
    "3d 4h",
  ]);
  assert.deepEqual([0, 12_000, 300_000, 7_200_000, 200_000_000].map(formatAge), ["now", "12 s", "5 min", "2 h", "2 d"]);
  assert.equal(formatAgo(100), "just now");
});

test("formatUsd() says that something cost nothing only where it did", () => {
  assert.deepEqual([0, 0.0002, 0.0421, 4.2, 1_234.5].map(formatUsd), [
    "$0",
    "<$0.001",
    "$0.042",
    "$4.200",
    "$1,234.50",
  ]);
  assert.deepEqual([0, 0.004, 4.267].map(formatUsdShort), ["$0", "<$0.01", "$4.27"]);
  assert.deepEqual([999, 71_234, 1_250_000].map(formatCount), ["999", "71.2K", "1.3M"]);
});

test("formatMoment() names the day only where it is another, in the given zone", () => {
  const formats = createTimeFormats("Europe/Berlin");
  const now = Date.UTC(2026, 10, 29, 17);
  const at = (day: number, hour: number) => formatMoment(Date.UTC(2026, 10, day, hour), now, formats);
  assert.deepEqual([at(29, 20), at(30, 6), at(29, 23)], ["21:00", "Mon 07:00", "Mon 00:00"]);
  assert.equal(formatMoment(Date.UTC(2026, 11, 24, 17), now, formats), "24 Dec 18:00");
});

test("toWallTime() and fromWallTime() speak of the home's zone, in summer and in winter", () => {
  const formats = createTimeFormats("Europe/Berlin");
  for (const [text, iso] of [
    ["2026-01-31T14:05", "2026-01-31T13:05:00Z"],
    ["2026-07-31T00:00", "2026-07-30T22:00:00Z"],
  ] as const) {
    assert.equal(fromWallTime(text, formats), Date.parse(iso));
    assert.equal(toWallTime(Date.parse(iso), formats), text);
  }
  assert.ok(Number.isNaN(fromWallTime("", formats)));
});
