import assert from "node:assert/strict";
import { test } from "node:test";
import { describeEvent } from "./describe-event.ts";

const cases: [
  type: string,
  subject: string | null,
  data: Record<string, string | number | boolean | null | object>,
  words: string,
][] = [
  ["run.failed", "r1", { error: { code: "timeout", message: "no\nanswer" }, reason: "a tick" }, "run.failed no answer"],
  ["step.failed", "r1", { name: "write_file", error: { message: "refused" } }, "step.failed write_file: refused"],
  ["step.done", "r1", { name: "write_file" }, "step.done write_file"],
  ["notice.raised", "n1", { text: "The disk is full", level: "urgent" }, "notice.raised The disk is full"],
  ["job.defined", "blog", { by: "home", jobId: "blog", jobVersion: 2, definition: {} }, "job.defined version 2"],
  ["tick.missed", "blog", { missedCount: 3, reason: "asleep", jobId: "blog" }, "tick.missed 3 moments, asleep"],
  ["tick.skipped", "blog", { missedCount: 3, isCut: true, jobId: "blog" }, "tick.skipped missed count 3, is cut"],
  [
    "tick.fired",
    "blog",
    { runId: "r", lateMs: 61_000, missedCount: 1 },
    "tick.fired 1m 1s late, 1 moment before was missed",
  ],
  ["run.waiting", "r1", { seq: 3, kind: "person", agent: "main" }, "run.waiting for your answer"],
  ["run.waiting", "r1", { kind: "time", until: "2026-01-31T14:00:00Z" }, "run.waiting until 2026-01-31 14:00 UTC"],
  [
    "run.done",
    "r1",
    { agent: "main", tokens: 4_720, costUsd: 0.008, durationMs: 4_100 },
    "run.done in 4s, 4,720 tokens, $0.008",
  ],
  ["run.done", "r1", { agent: "main", durationMs: 232 }, "run.done in 232ms"],
  ["state.changed", "blog", { sessionKind: "main", name: "blog", stateVersion: 1 }, "state.changed blog, version 1"],
  ["worker.joined", "w1", { pid: 7, host: "h" }, "worker.joined w1"],
];

for (const [type, subject, data, words] of cases) {
  test(`describeEvent() says "${words}"`, () => {
    assert.equal(describeEvent({ type, subject, data }), words);
  });
}
