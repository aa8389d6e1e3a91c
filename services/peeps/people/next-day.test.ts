import assert from "node:assert/strict";
import { test } from "node:test";
import { nextDay } from "./next-day.ts";

test("nextDay() is today or later, and keeps 29 February on the 28th of a year that has none", () => {
  assert.equal(nextDay({ month: 4, day: 12 }, "2026-04-12"), "2026-04-12");
  assert.equal(nextDay({ month: 4, day: 12 }, "2026-04-13"), "2027-04-12");
  assert.equal(nextDay({ month: 2, day: 29 }, "2026-03-01"), "2027-02-28");
  assert.equal(nextDay({ month: 2, day: 29 }, "2027-03-01"), "2028-02-29");
  assert.equal(nextDay({ year: 1985 }, "2026-03-01"), null);
});
