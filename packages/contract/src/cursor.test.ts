import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { formatCursor, parseCursor } from "./cursor.ts";

test("parseCursor() gives back what formatCursor() wrote, in texts that fit a query string", () => {
  for (const place of ["", "jobs/ü 鳥 🪹", 12, ["a", null, 1.5], { kind: "run" }, "x".repeat(200)]) {
    const cursor = formatCursor(place);
    assert.match(cursor, /^[A-Za-z0-9_-]+$/);
    assert.deepEqual(parseCursor(z.unknown(), cursor), place);
  }
});

test("parseCursor() refuses what the list did not give out", () => {
  const odd = ["x", "0", "../..", "\u0000", "-1", "ü", "=", formatCursor(1), formatCursor(["a"]), formatCursor(null)];
  for (const cursor of odd)
    assert.throws(() => parseCursor(z.uuid(), cursor), {
      code: "invalid_input",
      message: /is not a cursor of this list/,
    });
});
