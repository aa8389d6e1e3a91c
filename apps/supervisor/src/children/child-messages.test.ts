import assert from "node:assert/strict";
import { test } from "node:test";
import { readChildMessage } from "./child-messages.ts";

test("readChildMessage() takes what it knows and leaves what it does not", () => {
  assert.deepEqual(readChildMessage({ type: "pong" }), { type: "pong" });
  assert.deepEqual(readChildMessage({ type: "ready", url: 7, model: null, notices: ["a", 1], more: true }), {
    type: "ready",
    model: null,
    notices: ["a"],
  });
  for (const foreign of [null, 1, "ready", {}, { type: "other" }]) assert.equal(readChildMessage(foreign), undefined);
});
