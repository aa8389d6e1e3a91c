import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReplayRunEnd } from "@roost/contract/operations";
import type { Run, Step } from "@roost/kernel";
import { compareEnd } from "./compare-end.ts";
import type { ReplayingSteps } from "./create-replaying-steps.ts";
import { createFindings } from "./findings.ts";

const done: ReplayRunEnd = { state: "done", error: null, output: { text: "a" } };
const next = {
  seq: 2,
  name: "model#2",
  kind: "model",
  effect: "readonly",
  input: {},
  isUntrusted: false,
  request: null,
};

function compare(
  run: Pick<Run, "state"> & Partial<Run>,
  { stop, ended }: { stop?: ReplayingSteps["stop"]; ended?: ReplayRunEnd },
) {
  const findings = createFindings();
  const steps = { askedCount: 1, isTainted: false, stop, next } as unknown as ReplayingSteps;
  const recorded = [{ seq: 1, name: "model#1", kind: "model", state: "done" } as Step];
  compareEnd({ run: { output: null, error: null, ...run } as Run, recorded, steps, ended, findings });
  const { differences, notCompared } = findings.found;
  return { kind: differences[0]?.kind, part: differences[0]?.part, why: notCompared[0]?.why };
}

const goesOn = { stop: { seq: 2, why: "not_recorded" } } as const;
const error = (code: string, message: string): Partial<Run> => ({ error: { code, message } });

const outside: [title: string, run: Parameters<typeof compare>[0], why: RegExp][] = [
  ["a cancel", { state: "cancelled" }, /was cancelled/],
  ["a stop as diverged", { state: "diverged", ...error("diverged", "step 3 came as") }, /stopped as diverged/],
  ["its time limit", { state: "failed", ...error("timeout", "the run took longer") }, /time was over/],
  ["its deadline", { state: "failed", ...error("limit_exceeded", "the run's time was over at 6") }, /time was over/],
  ["lost workers", { state: "failed", ...error("internal", "crash loop: its worker was lost") }, /workers were lost/],
  ["nothing: it goes on", { state: "running" }, /it is running/],
];
for (const [title, run, why] of outside)
  test(`compareEnd() does not hold against the program how a run ended by ${title}`, () => {
    for (const reached of [goesOn, { ended: done }]) {
      const { kind, why: told } = compare(run, reached);
      assert.equal(kind, undefined);
      assert.match(told ?? "", why);
    }
  });

test("compareEnd() finds that the program goes on, or ends otherwise, where the run had ended by itself", () => {
  const failed = { state: "failed", ...error("limit_exceeded", "this run may make 40 model calls") } as const;
  assert.equal(compare(failed, goesOn).kind, "not_recorded");
  assert.equal(compare({ state: "done", output: { text: "a" } }, goesOn).kind, "not_recorded");
  assert.deepEqual(compare({ state: "done", output: { text: "a" } }, { ended: done }), {
    kind: undefined,
    part: undefined,
    why: undefined,
  });
  assert.equal(compare(failed, { ended: done }).kind, "end");
  assert.equal(compare({ state: "done", output: { text: "b" } }, { ended: done }).part, "output.text");
});

test("compareEnd() does not judge again what a run had to leave behind", () => {
  const unmet = { state: "failed", ...error("postcondition_unmet", "the state mail was not changed") } as const;
  assert.match(compare(unmet, { ended: done }).why ?? "", /not checked again/);
  assert.equal(compare(unmet, { ended: { ...done, state: "failed" } }).kind, "end");
});
