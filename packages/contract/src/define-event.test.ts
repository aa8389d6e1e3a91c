import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { defineEvent } from "./define-event.ts";

const base = { type: "run.started", version: 1, topic: "runs", schema: z.object({}) };

test("defineEvent() is backward compatible with all earlier versions unless told otherwise", () => {
  assert.equal(defineEvent(base).compatibility, "backward_transitive");
  assert.equal(defineEvent({ ...base, compatibility: "none" }).compatibility, "none");
});

test("defineEvent() refuses wrong names and versions", () => {
  assert.throws(() => defineEvent({ ...base, type: "started" }), /write its type like run.started/);
  assert.throws(() => defineEvent({ ...base, type: "Run.Started" }), /write its type like/);
  assert.throws(() => defineEvent({ ...base, topic: "Runs!" }), /must be lower-case letters/);
  assert.throws(() => defineEvent({ ...base, version: 0 }), /must be 1 or more/);
});
