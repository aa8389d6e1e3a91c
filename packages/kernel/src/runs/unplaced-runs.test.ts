import assert from "node:assert/strict";
import { test } from "node:test";
import { readTopic } from "../log/read-log.ts";
import { createTestKernel, type TestKernel } from "../testing/create-test-kernel.ts";
import { registerWorker } from "../workers/register-worker.ts";
import { claimRuns } from "./claim-runs.ts";
import { createRun } from "./create-run.ts";
import { setRunDefault } from "./set-run-default.ts";
import { drainHost, undrainHost } from "../workers/drained-hosts.ts";
import { pauseQueue } from "./queues.ts";
import { listNeeds, listUnplacedRuns, reportUnplacedRuns } from "./unplaced-runs.ts";

const join = ({ kernel }: TestKernel, capabilities: string[]) =>
  registerWorker(kernel, { kind: "worker", host: "here", pid: 1, queues: ["default"], capabilities, ttlMs: 3_600_000 });

async function notices({ kernel }: TestKernel): Promise<string[]> {
  const { events } = await readTopic(kernel.database, { topic: "notices", limit: 100 });
  return events.map(({ data }) => (data as { text: string }).text);
}

test("reportUnplacedRuns() tells once of runs whose needs no live worker offers, and once when one does", async () => {
  await using test = await createTestKernel();
  const { kernel, clock } = test;
  await using plain = await join(test, ["host:here", "messages"]);
  await kernel.transact((tx) => setRunDefault(tx, "seer", { version: 1, budget: undefined, needs: ["gpu"] }));
  // Of its agent, and of its own beside them; one that any worker takes.
  const create = (agent: string, needs?: string[]) =>
    kernel.transact((tx) => createRun(tx, { reason: "a test", agent, input: {}, needs }));
  await create("seer");
  await create("seer", ["messages"]);
  await create("main", ["messages"]);
  assert.deepEqual((await listNeeds(kernel.database)).toSorted(), ["gpu", "messages"]);
  assert.deepEqual(
    (await listUnplacedRuns(kernel.database)).map(({ needs, runCount }) => [needs, runCount]),
    [
      [["gpu"], 1],
      [["gpu", "messages"], 1],
    ],
  );
  const terms = { workerId: plain.workerId, queues: ["default"], capabilities: ["host:here", "messages"], limit: 5 };
  assert.deepEqual(
    (await claimRuns(kernel, terms)).map(({ needs }) => needs),
    [["messages"]],
  );

  assert.equal(await reportUnplacedRuns(kernel), 0, "a worker may be starting again");
  await clock.advance(31_000);
  assert.equal(await reportUnplacedRuns(kernel), 2);
  assert.equal(await reportUnplacedRuns(await test.openAnother()), 0);
  assert.deepEqual(
    (await notices(test)).filter((text) => /^A run waits: no live worker offers gpu( and messages)?[.]/.test(text))
      .length,
    2,
  );

  await using able = await join(test, ["gpu"]);
  assert.deepEqual(
    (await listUnplacedRuns(kernel.database)).map(({ needs }) => needs),
    [["gpu", "messages"]],
  );
  assert.equal(await reportUnplacedRuns(kernel), 1);
  assert.ok((await notices(test)).includes("No run waits any more because no live worker offers gpu"));
  await able.release();
  assert.equal((await listUnplacedRuns(kernel.database)).length, 2);

  // Behind more kinds than a list names, what was told still waits.
  for (let kind = 1; kind <= 21; kind += 1) await create("main", [`kind-${kind}`]);
  await kernel.database.query(
    "update roost.run set ready_at = roost.now() + interval '1 minute' where needs @> '{gpu,messages}'",
  );
  await reportUnplacedRuns(kernel);
  assert.equal((await notices(test)).filter((text) => text.startsWith("No run waits")).length, 1);
});

test("reportUnplacedRuns() tells once of a queue that no live worker serves, paused queues and drained workers considered", async () => {
  await using test = await createTestKernel();
  const { kernel, clock } = test;
  await using worker = await join(test, []);
  const create = (queue: string) => kernel.transact((tx) => createRun(tx, { reason: "a test", input: {}, queue }));
  for (const queue of ["default", "night", "night", "paused"]) await create(queue);
  await pauseQueue(kernel, "paused", { by: "person:owner" });
  const unplaced = async () =>
    (await listUnplacedRuns(kernel.database)).map(({ needs, queue, runCount }) => [needs, queue, runCount]);
  assert.deepEqual(await unplaced(), [[[], "night", 2]]);
  await clock.advance(31_000);
  assert.equal(await reportUnplacedRuns(kernel), 1);
  assert.equal(await reportUnplacedRuns(await test.openAnother()), 0);
  const text = (await notices(test)).at(-1)!;
  assert.match(text, /^2 runs wait: no live worker serves queue night\. .*change their queue/);
  await drainHost(kernel, "here", { by: "person:owner" });
  assert.deepEqual((await unplaced()).map(([, queue]) => queue).toSorted(), ["default", "night"]);
  await undrainHost(kernel, "here", { by: "person:owner" });
  await using night = await registerWorker(kernel, { kind: "worker", host: "here", pid: 2, queues: ["night"] });
  assert.deepEqual(await unplaced(), []);
  assert.equal(await reportUnplacedRuns(kernel), 1);
  assert.equal((await notices(test)).at(-1), "No run waits any more because no live worker serves queue night");
  await Promise.all([worker, night].map((one) => one.release()));
});
