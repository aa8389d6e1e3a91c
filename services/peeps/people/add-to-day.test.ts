import assert from "node:assert/strict";
import { test } from "node:test";
import { addToDay } from "./add-to-day.ts";

test("addToDay() keeps to the month, and to February in every year", () => {
  assert.equal(addToDay("2026-12-28", "week"), "2027-01-04");
  assert.equal(addToDay("2026-01-31", "month"), "2026-02-28");
  assert.equal(addToDay("2026-12-31", "month"), "2027-01-31");
  assert.equal(addToDay("2028-02-29", "year"), "2029-02-28");
  assert.equal(addToDay("2026-02-28", "month", 31), "2026-03-31");
  assert.equal(addToDay("2027-02-28", "year", 29), "2028-02-29");
});
