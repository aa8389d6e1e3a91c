import assert from "node:assert/strict";
import { test } from "node:test";
import type { StepRecord } from "@roost/contract/operations";
import { nothingBelow, someRun, someRunId, someSummary, someTime } from "../testing/records.ts";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

const step: StepRecord = {
  runId: someRunId,
  seq: 3,
  name: "tool:send#1",
  kind: "tool",
  effect: "unsafe",
  state: "done",
  attempt: 1,
  idempotencyKey: "k",
  input: null,
  output: null,
  error: null,
  usage: null,
  costUsd: 0,
  startedAt: someTime,
  endedAt: someTime,
};

test("roost run resolve says that done without an output leaves an empty result", async () => {
  await using gateway = await serveGateway({ resolveStep: () => ({ step, run: someSummary() }) });
  const resolve = (...more: string[]) => runRoost(["run", "resolve", someRunId, "3", ...more], gateway);
  const [without, given, failed] = await Promise.all([
    resolve("done"),
    resolve("done", "--output", "sent"),
    resolve("failed"),
  ]);
  assert.match(without.stderr, /recorded as empty/);
  assert.deepEqual([without.code, given.stderr, failed.stderr], [0, "", ""]);
});

test("roost run show names the models that answered, without --full", async () => {
  const asked = (seq: number, model: string): StepRecord => ({
    ...step,
    seq,
    kind: "model",
    usage: { model, provider: "local" },
  });
  await using gateway = await serveGateway({
    getRun: () => ({
      run: someRun({}),
      steps: { items: [step, asked(4, "qwen3"), asked(5, "qwen3"), asked(6, "spare")], next: null },
      waits: [],
      holds: [],
      below: nothingBelow,
    }),
  });
  const { stdout } = await runRoost(["run", "show", someRunId], gateway);
  assert.match(stdout, /^model +qwen3 \(local\), then spare \(local\)$/m);
});
