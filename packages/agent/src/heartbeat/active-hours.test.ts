import assert from "node:assert/strict";
import { test } from "node:test";
import { isWithinActiveHours } from "./active-hours.ts";

const at = (time: string) => Date.parse(`2026-01-15T${time}:00Z`);
const rows: [start: string, end: string, time: string, isWithin: boolean][] = [
  ["08:00", "22:00", "08:00", true],
  ["08:00", "22:00", "07:59", false],
  ["08:00", "22:00", "21:59", true],
  ["08:00", "22:00", "22:00", false],
  ["00:00", "24:00", "00:00", true],
  ["00:00", "24:00", "23:59", true],
  ["22:00", "06:00", "23:00", true],
  ["22:00", "06:00", "05:59", true],
  ["22:00", "06:00", "06:00", false],
  ["22:00", "06:00", "12:00", false],
  ["09:00", "09:00", "09:00", false],
  ["00:00", "00:00", "12:00", false],
  ["8:30", "9:00", "08:45", true],
];
for (const [start, end, time, isWithin] of rows) {
  test(`isWithinActiveHours() of ${start} to ${end} is ${isWithin} at ${time}`, () => {
    assert.equal(isWithinActiveHours({ start, end, timezone: "UTC" }, at(time)), isWithin);
  });
}

test("isWithinActiveHours() goes by the timezone's wall clock, summer time included", () => {
  const hours = { start: "08:00", end: "22:00", timezone: "Europe/Zurich" };
  assert.equal(isWithinActiveHours(hours, Date.parse("2026-01-15T07:00:00Z")), true);
  assert.equal(isWithinActiveHours(hours, Date.parse("2026-07-15T06:00:00Z")), true);
  assert.equal(isWithinActiveHours(hours, Date.parse("2026-07-15T20:00:00Z")), false);
});

test("isWithinActiveHours() refuses times and timezones that do not exist", () => {
  for (const wrong of [
    { start: "24:00" },
    { start: "8" },
    { end: "24:01" },
    { end: "12:60" },
    { start: "" },
    { timezone: "Mars/Olympus" },
  ]) {
    assert.throws(() => isWithinActiveHours({ start: "08:00", end: "22:00", timezone: "UTC", ...wrong }, 0), {
      code: "invalid_input",
    });
  }
});
