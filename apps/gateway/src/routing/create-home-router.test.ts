import assert from "node:assert/strict";
import { test } from "node:test";
import { applyAgents } from "@roost/jobs";
import { createTestGateway } from "../testing/create-test-gateway.ts";

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
});
