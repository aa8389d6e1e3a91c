import assert from "node:assert/strict";
import { test } from "node:test";
import { momentsIn } from "./moments-in.ts";

test("momentsIn() tells moments that Roost wrote in the zone, and leaves what a person typed", () => {
  const text = "held since 2026-11-30T23:05:09.123Z, not from 2026-01-01T00:00:00Z";
  assert.equal(momentsIn(text, "Europe/Berlin"), "held since 2026-12-01 00:05:09, not from 2026-01-01T00:00:00Z");
  assert.equal(momentsIn("at noon", "Asia/Tokyo"), "at noon");
});
