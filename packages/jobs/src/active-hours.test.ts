import assert from "node:assert/strict";
import { test } from "node:test";
import { isActiveAt, type ActiveHours } from "./active-hours.ts";

const berlin = (start: string, end: string): ActiveHours => ({ start, end, timeZone: "Europe/Berlin" });

const cases: [title: string, hours: ActiveHours, at: string, active: boolean][] = [
  ["start is inclusive", berlin("08:00", "22:00"), "2026-01-15T07:00:00Z", true],
  ["before start", berlin("08:00", "22:00"), "2026-01-15T06:59:59Z", false],
  ["end is exclusive", berlin("08:00", "22:00"), "2026-01-15T21:00:00Z", false],
  ["the last minute", berlin("08:00", "22:00"), "2026-01-15T20:59:59Z", true],
  ["24:00 is the end of the day", berlin("08:00", "24:00"), "2026-01-15T22:59:59Z", true],
  ["after 24:00 comes 00:00", berlin("08:00", "24:00"), "2026-01-15T23:00:00Z", false],
  ["the whole day", berlin("00:00", "24:00"), "2026-01-15T23:30:00Z", true],
  ["over midnight, late", berlin("22:00", "06:00"), "2026-01-15T22:30:00Z", true],
  ["over midnight, early", berlin("22:00", "06:00"), "2026-01-15T04:59:00Z", true],
  ["over midnight, by day", berlin("22:00", "06:00"), "2026-01-15T12:00:00Z", false],
  ["an equal start and end is never", berlin("08:00", "08:00"), "2026-01-15T07:00:00Z", false],
  ["summer time is followed", berlin("08:00", "22:00"), "2026-07-15T06:00:00Z", true],
  ["UTC without a zone", { start: "08:00", end: "22:00" }, "2026-07-15T07:59:00Z", false],
];

for (const [title, hours, at, active] of cases) {
  test(`isActiveAt() ${title}`, () => assert.equal(isActiveAt(hours, Date.parse(at), "UTC"), active));
}

for (const written of ["8:00", "24:01", "12:60", "noon", ""]) {
  test(`isActiveAt() refuses "${written}"`, () => {
    assert.throws(() => isActiveAt(berlin(written, "22:00"), 0, "UTC"), {
      code: "invalid_input",
      message: /is not a time of day/,
    });
  });
}
