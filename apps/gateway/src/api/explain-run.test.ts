import assert from "node:assert/strict";
import { test } from "node:test";
import { beginStep, finishStep } from "@roost/kernel";
import { createTestGateway } from "../testing/create-test-gateway.ts";
import { claimOne, end, joinWorker } from "../testing/drive-runs.ts";

test("explainRun() tells how a tick led to a run and what the run did", async () => {
  await using gateway = await createTestGateway();
  const { kernel, client } = gateway;
  await using worker = await joinWorker(kernel);
  await client.defineJob({ jobId: "sweep", prompt: "look", trigger: { kind: "every", every: "1h" } });
  const { tick } = await client.runJob({ jobId: "sweep", reason: "dust" });
  const owned = await claimOne(kernel, worker);
  await beginStep(kernel, owned, { seq: 1, name: "broom", kind: "tool", effect: "readonly", input: {} });
  await finishStep(kernel, owned, { seq: 1, state: "done", output: "clean" });
  await end(kernel, owned);
  const why = await client.explainRun({ runId: tick.runId ?? "" });
  assert.deepEqual(why.causes.map(({ type }) => type).slice(-2), ["tick.fired", "run.created"]);
  assert.deepEqual(
    why.effects.items.map(({ type }) => type),
    ["run.started", "step.done", "run.done"],
  );
  for (const [index, cause] of why.causes.entries())
    if (index > 0) assert.equal(cause.parentId, why.causes[index - 1]?.eventId);
});
