import assert from "node:assert/strict";
import { test } from "node:test";
import { createEmbedder } from "@roost/agent";
import { startEmbeddingServer } from "@roost/agent/testing";
import { until } from "@roost/base/testing/until";
import { applyAgents } from "@roost/jobs";
import { finishRun, getRun, listRuns, type Kernel } from "@roost/kernel";
import { openServices } from "@roost/service";
import { claimOne, joinWorker } from "../testing/drive-runs.ts";
import { createTestGateway } from "../testing/create-test-gateway.ts";
import { createHomeRouter } from "./create-home-router.ts";

test("findRoute() finds the agent that a question is meant for, and learns from what the person corrects", async () => {
  await using gateway = await createTestGateway({
    files: {
      "skills/taxes/SKILL.md": "---\nname: taxes\ndescription: Declares income to the revenue office\n---\n\nDo it.\n",
    },
  });
  const { client, kernel } = gateway;
  assert.equal((await client.findRoute({ text: "is the rent paid" })).state, "none");
  const agents = {
    clerk: { title: "Bills and accounts", examples: ["is the rent paid", "pay the bill"] },
    gardener: { title: "The garden", description: "Waters plants and sows seeds" },
  };
  await applyAgents(kernel, agents, { by: "test", source: "agents" });
  const found = await client.findRoute({ text: "has the rent been paid" });
  assert.deepEqual(
    [found.state, found.target],
    ["decided", { kind: "agent", id: "clerk", title: "Bills and accounts" }],
  );
  const adviceFor = async (text: string) => (await client.findRoute({ text })).advice;
  assert.deepEqual(
    [
      await adviceFor("is the rent paid yet"),
      found.advice,
      await adviceFor("@gardener now"),
      await adviceFor("the rent or the seeds"),
      await adviceFor("what is new"),
    ],
    ["go", "ask", "go", "stay", "stay"],
    "with few agents what is not almost one of their examples stays with main",
  );
  assert.equal(await adviceFor("is the water bill paid"), "ask");
  await client.correctRoute({ text: "is the water bill paid", kind: "agent", id: "main" });
  const ofMain = await client.findRoute({ text: "is the water bill paid" });
  assert.deepEqual([ofMain.state, ofMain.target?.id], ["decided", "main"], "it may be main's");
  const text = "cellar stock";
  assert.notEqual((await client.findRoute({ text })).target?.id, "gardener");
  await client.correctRoute({ text, kind: "agent", id: "gardener" });
  assert.equal((await client.findRoute({ text })).target?.id, "gardener");
  await client.correctRoute({ text, kind: "agent", id: "clerk" });
  assert.equal((await client.findRoute({ text })).target?.id, "clerk", "the last word counts");
  await assert.rejects(client.correctRoute({ text, kind: "agent", id: "nobody" }), { code: "not_found" });
  const skill = await client.findRoute({ text: "declare my income to the revenue office" });
  assert.deepEqual([skill.target?.kind, skill.target?.id], ["skill", "taxes"]);
  const byName = await client.correctRoute({ text: "the tax return", id: "taxes" });
  assert.deepEqual(byName, { text: "the tax return", kind: "skill", id: "taxes" }, "the one of this name");
  assert.equal((await client.findRoute({ text: "the tax return" })).target?.id, "taxes");
  await applyAgents(kernel, { ...agents, taxes: { title: "Declares income" } }, { by: "test", source: "agents" });
  await assert.rejects(client.correctRoute({ text, id: "taxes" }), {
    code: "conflict",
    message: /agent:taxes and skill:taxes/,
  });

  const inputOf = async (message: { text: string; sessionKey?: string; agent?: string }) => {
    const { runId } = await client.sendMessage({ sessionKey: "main", ...message });
    return (await getRun(kernel.database, runId)).input["suggested"];
  };
  assert.deepEqual(await inputOf({ text: "@clerk is there news" }), { kind: "agent", id: "clerk", isNamed: true });
  assert.deepEqual(await inputOf({ text: "is the rent paid yet" }), { kind: "agent", id: "clerk", isNamed: false });
  assert.equal(await inputOf({ text: "what is new" }), undefined, "main's");
  assert.equal(
    await inputOf({ text: "@clerk now", sessionKey: "beds", agent: "gardener" }),
    undefined,
    "it is said to another",
  );
});

test("createHomeRouter() goes by vectors once they are made, asks the small model where a text is unclear, and by words while there is neither", async () => {
  await using gateway = await createTestGateway();
  const { kernel } = gateway;
  const agents = {
    clerk: { title: "Bills and accounts", examples: ["is the rent paid", "pay the bill"] },
    gardener: { title: "The garden", examples: ["water the roses", "sow the seeds"] },
  };
  await applyAgents(kernel, agents, { by: "test", source: "agents" });
  await using server = await startEmbeddingServer({
    same: [
      ["rent", "lease"],
      ["paid", "settled"],
    ],
  });
  const embedder = createEmbedder({ baseUrl: server.url, model: "of the test" });
  const { directory } = await openServices({ kernel, kind: "gateway", name: "router" });
  const { settings } = gateway.memory;
  const memory = {
    ...gateway.memory,
    embedder,
    settings: { ...settings, routing: { model: "tiny" } },
  };
  const options = { kernel, memory, directory, suggestMsMax: 60_000, textMsMax: 60_000 };
  const router = createHomeRouter(options);
  const text = "has our lease been settled";
  server.status = 500;
  assert.notEqual((await router.find(text)).target?.id, "clerk", "none of its words is known");
  await router.settled();
  server.status = undefined;
  const again = createHomeRouter(options);
  await again.find(text);
  await again.settled();
  assert.equal((await again.find(text)).target?.id, "clerk");
  const asked = server.requests.flat().length;
  await again.find("@clerk now");
  assert.equal(server.requests.flat().length, asked, "a text that names a target needs no vector");

  const open = "pay the roses";
  assert.notEqual((await router.find(open)).advice, "go");
  await using worker = await joinWorker(kernel);
  /** What is decided when the model answers so, question after question. */
  const decideBy = async (...answers: ((task: string) => string)[]) => {
    const deciding = router.decide(open, AbortSignal.timeout(60_000));
    for (const answer of answers) {
      await until(async () => (await listRuns(kernel, { states: ["ready"], limit: 1 })).length > 0);
      const owned = await claimOne(kernel, worker);
      const { input } = await getRun(kernel.database, owned.runId);
      assert.deepEqual([input["model"], input["tools"], input["isQuarantined"]], ["tiny", [], true]);
      await finishRun(kernel, owned, {
        state: "done",
        output: { kind: "reply", text: answer(String(input["task"])) },
      });
    }
    return deciding;
  };
  const choose = (task: string) => JSON.stringify({ number: Number(/^(\d): agent gardener/m.exec(task)?.[1]) });
  const decided = await decideBy(choose, choose);
  assert.deepEqual([decided.state, decided.advice, decided.target?.id], ["decided", "go", "gardener"]);
  assert.match(decided.why!, /^tiny chose it among \d$/);
  const left = await router.find(open);
  const first = () => '{"number":1}';
  assert.deepEqual(await decideBy(first, first), left, "by its place in the list");
  assert.deepEqual(await decideBy(() => '{"number":0}'), left, "none of them");
  assert.deepEqual(await decideBy(() => "the roses"), left, "no answer");
  assert.deepEqual(await decideBy(choose, () => "the roses"), left, "half an answer");
  const impatient = createHomeRouter({ ...options, modelMsMax: 100 });
  assert.deepEqual(await impatient.decide(open, AbortSignal.timeout(60_000)), left, "too late");
  assert.equal((await listRuns(kernel, { limit: 1 }))[0]?.state, "cancelled", "it stops only itself");

  assert.equal(await again.suggest("@cook now"), undefined);
  await applyAgents(kernel, { ...agents, cook: { title: "Meals" } }, { by: "test", source: "agents" });
  await again.find("@cook now");
  assert.deepEqual(await again.suggest("@cook now"), { kind: "agent", id: "cook", isNamed: true }, "of the same list");

  let isBroken = true;
  const query: Kernel["database"]["query"] = async (...given) => {
    if (isBroken) throw new Error("no database");
    return kernel.database.query(...given);
  };
  const database = Object.assign(Object.create(kernel.database) as Kernel["database"], { query });
  const broken = Object.assign(Object.create(kernel) as Kernel, { database });
  const patient = createHomeRouter({ ...options, memory: { ...memory, kernel: broken } });
  const findLate = async () => {
    await patient.find(text);
    await patient.settled();
    return (await patient.find(text)).target?.id;
  };
  assert.notEqual(await findLate(), "clerk");
  isBroken = false;
  await gateway.test.clock.advance(5 * 60_000);
  assert.equal(await findLate(), "clerk", "vectors are asked for again");
});
