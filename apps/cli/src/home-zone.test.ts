import assert from "node:assert/strict";
import { test } from "node:test";
import { formatClock, parseMoment } from "./home-zone.ts";

test("parseMoment() takes a moment without an offset in the zone, in summer and winter", () => {
  for (const [text, zone, utc] of [
    ["2027-06-01T09:00", "Europe/Berlin", "2027-06-01T07:00:00.000Z"],
    ["2027-12-01T09:00:30", "Europe/Berlin", "2027-12-01T08:00:30.000Z"],
    ["2027-06-01", "America/St_Johns", "2027-06-01T02:30:00.000Z"],
    ["2027-03-28T03:30", "Europe/Berlin", "2027-03-28T01:30:00.000Z"],
    ["2027-06-01T09:00+05:00", "Europe/Berlin", "2027-06-01T04:00:00.000Z"],
    ["2027-06-01T09:00", "UTC", "2027-06-01T09:00:00.000Z"],
  ] as const)
    assert.equal(new Date(parseMoment(text, zone)).toISOString(), utc, text);
  for (const wrong of [
    "2027-13-01T09:00",
    "soon",
    "2027-02-30T09:00",
    "2027-02-29",
    "2027-04-31T09:00Z",
    "2027-06-31T09:00:00+02:00",
  ])
    assert.ok(Number.isNaN(parseMoment(wrong, "UTC")), wrong);
  assert.ok(!Number.isNaN(parseMoment("2028-02-29T09:00Z", "UTC")));
});

test("formatClock() is in the zone, not in this machine's", () => {
  assert.equal(formatClock("2027-06-01T07:00:05Z", "Asia/Tokyo"), "16:00:05");
});
