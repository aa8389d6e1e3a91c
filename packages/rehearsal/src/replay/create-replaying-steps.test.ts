import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLabels } from "@roost/contract/labels";
import type { Effect, StepOptions, StepOutcome } from "@roost/agent";
import { createFakeClock, silentLogger, type JsonValue } from "@roost/base";
import { replayLimits } from "@roost/contract/operations";
import type { Step } from "@roost/kernel";
import { createReplayingSteps, ReplayStopped, type ReplayingStepsOptions } from "./create-replaying-steps.ts";
import { createFindings } from "./findings.ts";
import { createSilentModels } from "./silent-models.ts";

function step(seq: number, change: Partial<Step> = {}): Step {
  return {
    runId: "run",
    seq,
    name: `tool:act#${seq}`,
    kind: "tool",
    effect: "unsafe",
    state: "done",
    attempt: 1,
    epoch: 1,
    idempotencyKey: `run:${seq}`,
    inputHash: "",
    input: { seq },
    output: { text: `answer ${seq}`, isUntrusted: false },
    error: null,
    usage: null,
    costUsd: null,
    reopened: false,
    resolution: null,
    startedAt: new Date(0),
    endedAt: new Date(0),
    labels: 1,
    ...change,
  };
}

function open(recorded: Step[], options: Partial<ReplayingStepsOptions> = {}) {
  const findings = createFindings();
  const steps = createReplayingSteps({
    recorded,
    fromSeq: undefined,
    findings,
    models: createSilentModels({ clock: createFakeClock(0), logger: silentLogger }),
    signal: new AbortController().signal,
    onUnknown: "tell",
    contextUnknown: () => undefined,
    isTold: false,
    ...options,
  });
  const ask = (
    seq: number,
    change: { name?: string; input?: JsonValue; effect?: Effect; kind?: StepOptions<unknown>["kind"] } = {},
  ): Promise<StepOutcome<unknown>> => {
    const { name = `tool:act#${seq}`, ...request } = change;
    return steps.step(name, { kind: "tool", effect: "unsafe", input: { seq }, ...request }, () =>
      assert.fail("a step was performed"),
    );
  };
  return { steps, findings, ask };
}

test("createReplayingSteps() answers from the records and performs nothing, whatever a step's effect class", async () => {
  const { ask, findings, steps } = open([step(1), step(2, { effect: "readonly" })]);
  assert.deepEqual(await ask(1), { state: "done", output: { text: "answer 1", isUntrusted: false } });
  await ask(2, { effect: "readonly" });
  assert.deepEqual([findings.found.differenceCount, findings.found.answeredCount, steps.askedCount], [0, 2, 2]);
});

const open_: [title: string, change: Partial<Step>, why: RegExp][] = [
  ["an intent", { state: "intent" }, /none yet \(intent\)/],
  ["a wait", { state: "waiting" }, /none yet \(waiting\)/],
  ["a failure that is to be tried again", { state: "failed", reopened: true }, /to be executed again/],
  [
    "a step that the end of its run cut off",
    { state: "unknown", error: { code: "run_ended", message: "" } },
    /the run ended before it did/,
  ],
];
for (const [title, change, why] of open_)
  test(`createReplayingSteps() stops at ${title}, and says so`, async () => {
    const { ask, findings, steps } = open([step(1, change), step(2)]);
    await assert.rejects(ask(1), ReplayStopped);
    await assert.rejects(ask(2), ReplayStopped);
    assert.deepEqual(steps.stop, { seq: 1, why: "open" });
    assert.deepEqual([findings.found.differenceCount, findings.found.steps[0]?.outcome], [0, "open"]);
    assert.match(findings.found.notCompared[0]!.why, why);
    assert.equal(steps.next?.seq, 1);
  });

test("createReplayingSteps() repeats an unknown outcome as it was told, unless a person is to decide first", async () => {
  const unknown = step(1, { state: "unknown", error: { code: "unknown", message: "no answer came" } });
  const told = open([unknown]);
  assert.deepEqual(await told.ask(1), { state: "unknown", message: "no answer came" });
  assert.match(told.findings.found.notCompared[0]!.why, /it is unknown/);
  const waiting = open([unknown], { onUnknown: "wait" });
  await assert.rejects(waiting.ask(1), ReplayStopped);
  assert.equal(waiting.steps.stop?.why, "open");
});

test("createReplayingSteps() answers a wait and a child run by what they came to", async () => {
  const output = {
    kind: "child",
    run: { id: "child", state: "done", output: "x", error: null, labels: ["trust:agent"] },
  };
  const { ask, findings } = open([step(1, { output })]);
  assert.deepEqual(await ask(1), { state: "answered", answer: output, labels: parseLabels(["trust:agent"]) });
  assert.deepEqual(
    findings.found.notCompared.map(({ seq, what }) => [seq, what]),
    [[1, "what it waited for"]],
  );
});

test("createReplayingSteps() stops at the first of several steps that are asked for at once", async () => {
  const { ask, steps, findings } = open([
    step(1),
    step(2, { name: "tool:other#2" }),
    step(3, { name: "tool:other#3" }),
  ]);
  const settled = await Promise.allSettled([ask(1), ask(2), ask(3)]);
  assert.deepEqual(
    settled.map(({ status }) => status),
    ["fulfilled", "rejected", "rejected"],
  );
  assert.deepEqual([steps.stop, findings.found.differenceCount], [{ seq: 2, why: "differs" }, 1]);
  assert.deepEqual(
    findings.found.steps.map(({ outcome }) => outcome),
    ["same", "differs"],
  );
});

test("createReplayingSteps() marks what comes after untrusted content", async () => {
  const output = { text: "<script>", isUntrusted: true };
  const { ask, steps, findings } = open([step(1, { output }), step(2, { input: { seq: 3 } })]);
  await ask(1);
  await assert.rejects(ask(2), ReplayStopped);
  const [difference] = findings.found.differences;
  assert.deepEqual(difference?.recorded, { text: "3", isUntrusted: true });
  assert.deepEqual([steps.isTainted, steps.next?.isUntrusted], [true, true]);
});

test("createReplayingSteps() stops where the records end, however long the program would go on", async () => {
  const { ask, steps } = open([step(1)]);
  await ask(1);
  for (let seq = 2; seq < 10; seq += 1) await assert.rejects(ask(seq), ReplayStopped);
  assert.deepEqual([steps.stop, steps.askedCount], [{ seq: 2, why: "not_recorded" }, 2]);
});

test("createFindings() counts what it has no room to list", () => {
  const findings = createFindings();
  const sides = { recorded: "x".repeat(5_000), replayed: null, isUntrusted: false };
  for (let seq = 1; seq <= replayLimits.differencesMax + 5; seq += 1)
    findings.differ({ seq, name: "n", kind: "input", part: "p".repeat(900), ...sides });
  const { differences, differenceCount } = findings.found;
  assert.deepEqual(
    [differences.length, differenceCount],
    [replayLimits.differencesMax, replayLimits.differencesMax + 5],
  );
  assert.equal(differences[0]?.recorded?.text.length, replayLimits.excerptCharsMax);
});
