import assert from "node:assert/strict";
import { test } from "node:test";
import { createRun, getRun, readEvents, type Kernel } from "@roost/kernel";
import { createTestKernel } from "../testing/create-test-kernel.ts";
import { applyAgents } from "./apply-agents.ts";
import {
  createAgentOf,
  getAgent,
  getAgentVersion,
  listAgents,
  listAgentVersions,
  readAgentsOfTexts,
} from "./read-agents.ts";

const home = { by: "home", source: "roost.yaml" };

async function events(kernel: Kernel) {
  const found = [];
  for (let partition = 0; partition < 4; partition += 1)
    found.push(...(await readEvents(kernel.database, { topic: "jobs", partition, offset: 0, limit: 100 })));
  return found.filter(({ type }) => type.startsWith("agent.")).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

async function started(kernel: Kernel, agent?: string) {
  const { runId } = await kernel.transact((tx) => createRun(tx, { reason: "a test", input: {}, agent }));
  return getRun(kernel.database, runId);
}

test("applyAgents() makes a version and an event of each change, and of the same again neither", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await applyAgents(kernel, { poster: { prompt: "Post." } }, home);
  const ofText = (hash: string) => ({ ...home, by: "another", textHashes: new Map([["poster", hash]]) });
  await applyAgents(kernel, { poster: { prompt: "Post." } }, ofText("one"));
  const known = await readAgentsOfTexts(kernel, ["one", "two"]);
  assert.deepEqual([...known], [["one", { prompt: "Post." }]]);
  await applyAgents(kernel, { poster: { prompt: "Post daily.", tools: ["notify"] } }, home);
  assert.equal((await readAgentsOfTexts(kernel, ["one"])).size, 0, "it is read from another text now");
  await applyAgents(kernel, {}, home);
  await applyAgents(kernel, { poster: { prompt: "Post again." } }, home);
  const { versions } = await listAgentVersions(kernel, "poster", { limit: 10 });
  assert.deepEqual(
    versions.map(({ version, definition, definedBy }) => [version, definition.prompt, definedBy]),
    [
      [3, "Post again.", "home"],
      [2, "Post daily.", "home"],
      [1, "Post.", "home"],
    ],
  );
  assert.deepEqual(
    versions[1]?.differences.map(({ path }) => path),
    ["prompt", "tools"],
  );
  assert.deepEqual(
    (await events(kernel)).map(({ type, data }) => [type, data["agent"], data["agentVersion"], data["changed"]]),
    [
      ["agent.defined", "main", 1, undefined],
      ["agent.defined", "poster", 1, undefined],
      ["agent.changed", "poster", 2, ["prompt", "tools"]],
      ["agent.removed", "poster", 2, undefined],
      ["agent.defined", "poster", 3, undefined],
    ],
  );
});

test("applyAgents() leaves main to the file that defines it, and makes an empty one where none does", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const ofFile = { by: "home", source: "agents/main.md" };
  await applyAgents(kernel, { main: { prompt: "I am main." } }, ofFile);
  await applyAgents(kernel, { poster: {} }, home);
  const shown = async () => {
    const { state, source, definition } = await getAgent(kernel, "main");
    return [state, source, definition];
  };
  assert.deepEqual(await shown(), ["active", "agents/main.md", { prompt: "I am main." }]);
  assert.equal((await started(kernel)).agentVersion, 1);
  await applyAgents(kernel, {}, { ...home, gone: ["agents/main.md"] });
  assert.deepEqual(await shown(), ["active", "roost.yaml", {}]);
});

test("applyAgents() applies all or none, and names the agent and the field that are wrong", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const written = { fine: {}, "Not fine": {}, odd: { prompt: 7 } };
  await assert.rejects(applyAgents(kernel, written, home), /"Not fine" is not valid.*"odd" is not valid: prompt/);
  assert.deepEqual((await listAgents(kernel, { limit: 10 })).agents, []);
});

test("applyAgents() twice at once leaves one first version", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const agents = { a: { prompt: "one" }, b: { prompt: "two" } };
  await Promise.all([1, 2, 3].map(() => applyAgents(kernel, agents, home)));
  const { agents: found } = await listAgents(kernel, { limit: 10 });
  assert.deepEqual(
    found.map(({ id, definition }) => [id, definition.prompt]),
    [
      ["a", "one"],
      ["b", "two"],
      ["main", undefined],
    ],
  );
});

test("A run keeps the version of its agent that was there when it was created", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const before = await started(kernel, "poster");
  await applyAgents(kernel, { poster: { prompt: "one", budget: { usdMax: 2 } } }, home);
  const [first, ofMain] = [await started(kernel, "poster"), await started(kernel)];
  await applyAgents(kernel, { poster: { prompt: "two" } }, home);
  const second = await started(kernel, "poster");
  await applyAgents(kernel, {}, home);
  const after = await started(kernel, "poster");
  assert.deepEqual(
    [before, first, ofMain, second, after].map(({ agentVersion }) => agentVersion),
    [null, 1, 1, 2, null],
  );
  const agentOf = createAgentOf(kernel);
  const prompts = [];
  for (const run of [before, first, ofMain, second, first]) prompts.push((await agentOf(run)).prompt);
  assert.deepEqual(prompts, [undefined, "one", undefined, "two", "one"]);
  assert.deepEqual((await getAgentVersion(kernel, "poster", 1)).liveRunCount, 1);
  assert.deepEqual((await getAgent(kernel, "poster")).state, "removed");
});

test("A run without a budget of its own has that of its agent's version", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await applyAgents(kernel, { poster: { budget: { usdMax: 2, callsMax: 5 } } }, home);
  const budgets = [];
  for (const budget of [undefined, {}, { tokensMax: 7 }]) {
    const run = { reason: "a test", input: {}, agent: "poster", budget };
    const { runId } = await kernel.transact((tx) => createRun(tx, run));
    budgets.push((await getRun(kernel.database, runId)).budget);
  }
  assert.deepEqual(budgets, [{ usdMax: 2, callsMax: 5 }, {}, { tokensMax: 7 }]);
  assert.deepEqual((await started(kernel)).budget, {});
});

test("listAgents() and listAgentVersions() answer in pages", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  for (const prompt of ["one", "two", "three"]) await applyAgents(kernel, { a: { prompt }, b: {} }, home);
  const first = await listAgents(kernel, { limit: 2 });
  const second = await listAgents(kernel, { limit: 2, after: first.next ?? "" });
  assert.deepEqual(
    [first, second].map(({ agents, next }) => [agents.map(({ id }) => id), next]),
    [
      [["a", "b"], "b"],
      [["main"], null],
    ],
  );
  const newest = await listAgentVersions(kernel, "a", { limit: 1 });
  const older = await listAgentVersions(kernel, "a", { limit: 5, before: newest.next ?? 0 });
  assert.deepEqual(
    [newest, older].map(({ versions }) => versions.map(({ version }) => version)),
    [[3], [2, 1]],
  );
  assert.equal(newest.versions[0]?.differences.length, 1);
  await assert.rejects(listAgentVersions(kernel, "none", { limit: 1 }), /There is no agent "none"/);
  await assert.rejects(getAgent(kernel, "none"), /There is no agent "none"/);
});
