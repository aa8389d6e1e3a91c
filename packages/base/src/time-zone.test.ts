import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError } from "./roost-error.ts";
import { timeZoneOf } from "./time-zone.ts";

const instants = (zone: string, ...walls: string[]): string[] =>
  walls.map((wall) => new Date(timeZoneOf(zone).instantOf(Date.parse(`${wall}Z`))).toISOString());

test("timeZoneOf() says the instant of a wall time, before and after its offset changes", () => {
  assert.deepEqual(instants("Europe/Berlin", "2026-01-05T06:30", "2026-07-05T06:30"), [
    "2026-01-05T05:30:00.000Z",
    "2026-07-05T04:30:00.000Z",
  ]);
  assert.deepEqual(instants("America/New_York", "2026-03-08T01:59", "2026-03-08T03:00", "2026-11-01T03:00"), [
    "2026-03-08T06:59:00.000Z",
    "2026-03-08T07:00:00.000Z",
    "2026-11-01T08:00:00.000Z",
  ]);
  assert.deepEqual(instants("Pacific/Auckland", "2026-09-27T01:59", "2026-09-27T03:00"), [
    "2026-09-26T13:59:00.000Z",
    "2026-09-26T14:00:00.000Z",
  ]);
});

test("timeZoneOf() takes the first instant of an overlap, and in a gap goes on as if the clock had not moved", () => {
  assert.deepEqual(instants("Europe/Berlin", "2026-10-25T02:30"), ["2026-10-25T00:30:00.000Z"]);
  assert.deepEqual(instants("Europe/Berlin", "2026-03-29T02:30"), ["2026-03-29T01:30:00.000Z"]);
});

test("timeZoneOf() refuses a name that is no zone", () => {
  assert.throws(
    () => timeZoneOf("Europe/Berlino"),
    (error) => error instanceof RoostError && error.code === "invalid_input",
  );
});
