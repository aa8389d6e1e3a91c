import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { publishStream } from "@roost/kernel";
import { collect } from "../testing/collect.ts";
import { createTestGateway } from "../testing/create-test-gateway.ts";
import { claimOne, doStep, end, joinWorker, playRun, startRun } from "../testing/drive-runs.ts";

test("watchRun() tells a run from its first event to its end, with what its model and its tools write between", async () => {
  await using gateway = await createTestGateway();
  const { kernel, client } = gateway;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  const stream = client.watchRun({ runId })[Symbol.asyncIterator]();
  const types: string[] = [];
  const next = async () => {
    const { value } = await stream.next();
    const update = value.data;
    types.push(update.kind === "event" ? update.event.type : update.kind);
    return update;
  };
  await next();
  const owned = await claimOne(kernel, worker);
  await next();
  await until(() => gateway.held().texts === 1);
  publishStream(kernel, runId, { type: "text", text: "Hel" });
  assert.deepEqual(await next(), { kind: "text", runId, text: "Hel" });
  publishStream(kernel, runId, { type: "tool_output", step: "tool:exec#1", toolCallId: "1", text: "1 of 9\n" });
  assert.deepEqual(await next(), { kind: "output", runId, step: "tool:exec#1", text: "1 of 9\n" });
  await doStep(kernel, owned, 1);
  await end(kernel, owned);
  await next();
  await next();
  const over = await next();
  assert.equal(over.kind === "over" && over.run.state, "done");
  assert.equal((await stream.next()).done, true);
  assert.deepEqual(types, ["run.created", "run.started", "text", "output", "step.done", "run.done", "over"]);
  await until(() => gateway.held().watches === 0 && gateway.held().texts === 0);
});

test("watchRun() tells a run that has ended from its beginning, and that it is over", async () => {
  await using gateway = await createTestGateway();
  const runId = await playRun(gateway.kernel, 2);
  await playRun(gateway.kernel, 1);
  const items = await collect(gateway.client.watchRun({ runId }), () => false);
  assert.deepEqual(
    items.map(({ data }) => (data.kind === "event" ? data.event.type : data.kind)),
    ["run.created", "run.started", "step.done", "step.done", "run.done", "over"],
  );
});

test("watchRun() says that a run is over to who was cut off right before", async () => {
  await using gateway = await createTestGateway();
  const runId = await playRun(gateway.kernel, 1);
  const items = await collect(gateway.client.watchRun({ runId }), () => false);
  const last = items.findLast(({ data }) => data.kind === "event");
  assert.ok(last?.id);
  const rest = await collect(gateway.client.watchRun({ runId, after: last.id }), () => false);
  assert.deepEqual(
    rest.map(({ data }) => data.kind),
    ["over"],
  );
});

test("watchRun() goes on after every event without a gap or a repeat", async () => {
  await using gateway = await createTestGateway();
  const runId = await playRun(gateway.kernel, 3);
  const ids = (items: { data: { kind: string; event?: { id: string } } }[]) =>
    items.flatMap(({ data }) => (data.event === undefined ? [] : [data.event.id]));
  const whole = await collect(gateway.client.watchRun({ runId }), () => false);
  for (const [index, item] of whole.entries()) {
    if (item.id === undefined) continue;
    const rest = await collect(gateway.client.watchRun({ runId, after: item.id }), () => false);
    assert.deepEqual(ids([...whole.slice(0, index + 1), ...rest] as never), ids(whole as never));
  }
});

test("watchRun() tells every event of a correlation with more than one page of them", async () => {
  await using gateway = await createTestGateway();
  const { kernel, client } = gateway;
  await using worker = await joinWorker(kernel);
  const runId = await startRun(kernel);
  const owned = await claimOne(kernel, worker);
  const stepCount = 1_100;
  const steps = Array.from({ length: stepCount }, (_, seq) => ({
    type: "step.done",
    subject: runId,
    correlation: runId,
    data: { runId, seq, name: "step", kind: "tool", attempt: 1 },
  }));
  for (let from = 0; from < stepCount; from += 100) await kernel.append(steps.slice(from, from + 100));
  let eventCount = 0;
  const offsets = new Set<number>();
  for await (const { data } of client.watchRun({ runId })) {
    if (data.kind !== "event") continue;
    eventCount += 1;
    offsets.add(data.event.offset);
    if (eventCount === 2 + stepCount) await end(kernel, owned);
  }
  assert.equal(eventCount, 3 + stepCount);
  assert.equal(offsets.size, eventCount);
});

test("watchRun() refuses a run that is not there before it begins", async () => {
  await using gateway = await createTestGateway();
  for (const runId of ["nobody", "01900000-0000-7000-8000-000000000000"]) {
    await assert.rejects(
      collect(gateway.client.watchRun({ runId }), () => true),
      { code: "not_found" },
    );
  }
});
