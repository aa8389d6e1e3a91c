// Further ends of workers that are real processes; main.test.ts has the first ones.
import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { getRun, listWorkers, reapWorkers } from "@roost/kernel";
import { sendMessage } from "@roost/memory";
import { ended, handsBack, openHouse, said, shortLease } from "./testing/open-house.ts";

test("a worker that is killed in the middle of a model call is followed by another: one answer, complete", async () => {
  await using house = await openHouse();
  house.model.setScript(() => ({ text: "half of it", stall: { chunkCount: 1 } }));
  const first = await house.start();
  const runId = await house.ask("How are you?");
  await house.model.arrived(0);
  first.kill("SIGKILL");
  await first.ended;
  house.model.setScript(() => "I am well");
  await house.start();
  const run = await ended(house, runId);
  assert.deepEqual([run.state, (run.output as { text: string }).text, run.attempt], ["done", "I am well", 1]);
  assert.deepEqual(await said(house), ["user: How are you?", "assistant: I am well"]);
  assert.equal(house.model.requests.length, 2);
});

/** On a message it allocates until the process is ended by node. */
const glutton = `process.on("message", (message) => {
  if (message !== "eat") return;
  const eaten = [];
  for (;;) eaten.push(new Array(100_000).fill(Math.random()));
})`;

test("a worker that runs out of memory takes no other run with it", async () => {
  await using house = await openHouse();
  const gate = Promise.withResolvers<void>();
  house.model.setScript(() => ({ text: "done in peace", before: gate.promise }));
  const nodeOptions = ["--max-old-space-size=128", "--import", `data:text/javascript,${encodeURIComponent(glutton)}`];
  const starved = await house.start({ nodeOptions, env: { ROOST_CONCURRENCY: "1" } });
  const first = await house.ask("first");
  await house.model.arrived(0);
  const other = await house.start();
  const second = (await sendMessage(house.memory, { sessionKey: "other", text: "second" })).runId;
  await house.model.arrived(1);
  starved.child.send("eat");
  const { code, signal } = await starved.ended;
  assert.ok(code !== 0 || signal !== null);
  await until(async () => (await reapWorkers(house.kernel)) > 0);
  assert.equal((await getRun(house.kernel.database, second)).epoch, 1);
  gate.resolve();
  assert.equal((await ended(house, second)).state, "done");
  const taken = await ended(house, first);
  assert.equal(taken.state, "done");
  assert.equal(other.child.exitCode, null);
});

test("a worker that has lost its supervisor hands back what it has not finished and ends", () =>
  handsBack((worker) => worker.child.disconnect()));

test("a worker answers pings while its runs wait for a model", async () => {
  await using house = await openHouse();
  house.model.setScript(() => ({ stall: "before_headers" }));
  const worker = await house.start();
  await house.ask("How are you?");
  await house.model.arrived(0);
  worker.child.send({ type: "ping" });
  assert.deepEqual((await once(worker.child, "message"))[0], { type: "pong" });
});

test("a worker that hangs past its lease and wakes up again changes nothing", async () => {
  await using house = await openHouse();
  const late = Promise.withResolvers<void>();
  house.model.setScript(() => ({ text: "too late", before: late.promise }));
  const first = await house.start({ env: shortLease });
  const runId = await house.ask("How are you?");
  await house.model.arrived(0);
  first.kill("SIGSTOP");
  house.model.setScript(() => "in time");
  await house.start();
  const run = await ended(house, runId);
  assert.equal((run.output as { text: string }).text, "in time");
  first.kill("SIGCONT");
  late.resolve();
  // It finds out that it was given up, and joins anew.
  await until(async () => (await listWorkers(house.kernel)).some(({ pid }) => pid === first.pid));
  assert.deepEqual(await said(house), ["user: How are you?", "assistant: in time"]);
  assert.deepEqual(await getRun(house.kernel.database, runId), run);
  const again = await house.ask("And now?");
  assert.equal((await ended(house, again)).state, "done");
});
