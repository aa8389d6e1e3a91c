import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock } from "@roost/base";
import { todayOf } from "./today-of.ts";

test("todayOf() is a day of the home's time zone, before and after UTC's", () => {
  const at = (time: string, timeZone: string) => todayOf({ clock: createFakeClock(Date.parse(time)), timeZone });
  assert.equal(at("2026-03-28T23:30:00Z", "Europe/Berlin"), "2026-03-29");
  assert.equal(at("2026-03-29T03:30:00Z", "America/New_York"), "2026-03-28");
  assert.equal(at("2026-03-28T23:30:00Z", "UTC"), "2026-03-28");
});
