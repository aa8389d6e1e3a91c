import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyContact } from "./contact.ts";
import { fitContact } from "./fit-contact.ts";

test("fitContact() cleans and cuts what could not be kept, and drops what is beside its bounds", () => {
  const fitted = fitContact({
    ...emptyContact(`I\u0000da${"😀".repeat(200)}`),
    handles: [
      { kind: "email", value: `${"x".repeat(400)}@example.org`, isPreferred: false },
      { kind: "phone", value: "070-1", label: "a\nb", isPreferred: false },
    ],
    tags: ["crew\nmates", "..", "t".repeat(100)],
    notes: ["a\u0000b\nc"],
    keepInTouchDays: 0,
  });
  assert.ok(fitted.name.full.length <= 200 && fitted.name.full.isWellFormed() && fitted.name.full.startsWith("I da"));
  assert.deepEqual(
    fitted.handles.map(({ value, label }) => [value, label]),
    [["070-1", "a b"]],
  );
  assert.deepEqual(
    [fitted.tags, fitted.notes, fitted.keepInTouchDays],
    [["crew mates", "t".repeat(60)], ["ab\nc"], undefined],
  );
});
