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
  ["job.defined", "blog", { by: "home", jobId: "blog", version: 2, definition: {} }, "job.defined version 2"],
  [
    "tick.missed",
    "blog",
    { missedCount: 3, isCut: true, jobId: "blog", lateMs: 5 },
    "tick.missed missed count 3, is cut",
  ],
  ["worker.joined", "w1", { pid: 7, host: "h" }, "worker.joined w1"],
];

for (const [type, subject, data, words] of cases) {
  test(`describeEvent() says "${words}"`, () => {
    assert.equal(describeEvent({ type, subject, data }), words);
  });
}
