import assert from "node:assert/strict";
import { test } from "node:test";
import { foldSpan, type Span } from "./fold-span.ts";

const event = (type: string, seq: number, at: number, data: object = {}) => ({
  type,
  time: new Date(at).toISOString(),
  data: { runId: "r", seq, name: "model", kind: "model", ...data },
});

test("foldSpan() begins, ends and fails steps, and repeats change nothing", () => {
  let spans: readonly Span[] = [];
  spans = foldSpan(spans, event("step.started", 1, 1_000));
  assert.equal(foldSpan(spans, event("step.started", 1, 1_500)), spans);
  spans = foldSpan(spans, event("step.done", 1, 2_000));
  spans = foldSpan(spans, event("step.started", 2, 2_000, { name: "web", kind: "tool" }));
  spans = foldSpan(spans, event("step.failed", 2, 3_000));
  assert.deepEqual(
    spans.map(({ seq, state, from, to }) => [seq, state, from, to]),
    [
      [1, "done", 1_000, 2_000],
      [2, "failed", 2_000, 3_000],
    ],
  );
  // A second attempt of the step goes on from where the first began.
  const again = foldSpan(spans, event("step.started", 2, 4_000));
  assert.deepEqual(again.at(-1), { seq: 2, name: "model", kind: "model", state: "intent", from: 2_000, to: null });
});

test("foldSpan() leaves events alone that are not of a step it knows", () => {
  const spans: readonly Span[] = [];
  assert.equal(foldSpan(spans, event("step.done", 7, 1)), spans);
  assert.equal(foldSpan(spans, event("run.done", 7, 1)), spans);
});
