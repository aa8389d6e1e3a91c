import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "@roost/contract/operations";
import { iconOf, toEventRow } from "./to-event-row.ts";

const event: Event = {
  topic: "runs",
  partition: 0,
  offset: 7,
  id: "e1",
  type: "run.failed",
  version: 1,
  source: "roost",
  subject: "r1",
  time: "2026-03-29T01:30:00.000Z",
  data: { runId: "r1", jobId: "blog", error: { message: "the model is away" } },
  correlation: "e0",
  causation: null,
  traceparent: null,
  labels: ["aud:main", "trust:untrusted"],
};

test("toEventRow() tells what happened, of what, how bad it is, and whether it comes from outside", () => {
  assert.deepEqual(toEventRow(event), {
    id: "e1",
    topic: "runs",
    partition: 0,
    offset: 7,
    at: Date.parse("2026-03-29T01:30:00.000Z"),
    type: "run.failed",
    title: "Run failed",
    text: "the model is away",
    of: "blog",
    tone: "bad",
    isUntrusted: true,
  });
  assert.equal(toEventRow({ ...event, type: "step.unknown" }).tone, "odd");
  assert.deepEqual([iconOf("tick.missed"), iconOf("orchard.planted")], ["calendar-clock", "circle-help"]);
});
