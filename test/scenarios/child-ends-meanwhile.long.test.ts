/** Scenarios K and O of docs/scenarios.md: the parent's process dies between the start of a child and the wait for it, which is noticed when the child has ended. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { hearEnd } from "../../bench/src/week/live-week.ts";
import { readRuns, readSteps } from "../week/read-record.ts";
import { startScene } from "./start-scene.ts";

/** Stands in MEMORY.md of the example home. */
const secret = "Jule";
let memories: string;
/** All that the child's model was sent. */
let childPrompt: string;

test("K: a child run ends while its parent's worker and the gateway are dead, and the parent sees its result exactly once", async () => {
  const counted = Promise.withResolvers<void>();
  const counting = Promise.withResolvers<void>();
  // With room for one run each, the child goes to the other worker.
  await using scene = await startScene({
    hasMoreTools: true,
    workerCount: 2,
    environment: { ROOST_CONCURRENCY: "1" },
    script:
      () =>
      ({ userText, messages }) => {
        if (userText.includes("Count the sheep")) {
          counting.resolve();
          return { text: "There are 42 sheep", before: counted.promise };
        }
        const results = messages.filter(({ role }) => role === "tool").map(({ content }) => content);
        return results.length === 0
          ? { toolCalls: [{ name: "delegate", arguments: { task: "Count the sheep" } }] }
          : `I was told ${results.length} times: ${results.join()}`;
      },
  });
  const { home, world, database, model } = scene;
  const hold = world.plain.hold("/delegated");
  const { runId } = await home.api.sendMessage({ sessionKey: "main", text: "How many sheep are there?" });
  await Promise.all([hold.arrived, counting.promise]);
  const owner = await home.findWorkerOf(runId);
  await home.gateway.kill("SIGKILL");
  await owner.kill("SIGKILL");
  hold.release();

  counted.resolve();
  await until(async () => (await readRuns(database)).some(({ endedAt }) => endedAt !== null));
  await home.addGateway();

  const { state, text } = await hearEnd(home, runId);
  assert.equal(state, "done", text);
  assert.match(text, /^I was told 1 times: .*There are 42 sheep/);
  const runs = await readRuns(database);
  assert.deepEqual(
    runs.map(({ id, state: each }) => `${id === runId ? "parent" : "child"} ${each}`),
    ["parent done", "child done"],
  );
  const steps = (await readSteps(database)).filter((step) => step.runId === runId && step.kind === "tool");
  assert.deepEqual(
    steps.map(({ name, state: each, attempt }) => [name, each, attempt]),
    [["tool:delegate#1", "done", 2]],
  );
  assert.equal(model.requests.filter(({ userText }) => userText.includes("Count the sheep")).length, 1);
  assert.equal(world.plain.requests.filter(({ path }) => path === "/delegated").length, 2, "its step was cut off once");

  memories = await readFile(join(home.directory, "MEMORY.md"), "utf8");
  const asked = model.requests.find(({ userText }) => userText.includes("Count the sheep"));
  childPrompt = asked!.messages.map(({ content }) => content).join("\n");
  assert.ok(model.requests.some(({ messages }) => messages.some(({ content }) => content?.includes(secret))));
});

test("O: a sub-agent is shown its task, and nothing of what main remembers and was told", () => {
  assert.ok(memories.includes(secret));
  for (const hidden of [secret, "How many sheep are there?"]) assert.ok(!childPrompt.includes(hidden), childPrompt);
});
