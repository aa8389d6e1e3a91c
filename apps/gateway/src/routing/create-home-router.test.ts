import assert from "node:assert/strict";
import { test } from "node:test";
import { applyAgents } from "@roost/jobs";
import { createTestGateway } from "../testing/create-test-gateway.ts";

test("findRoute() finds the agent that a question is meant for, and learns from what the person corrects", async () => {
  await using gateway = await createTestGateway({ files: {} });
  const { client, kernel } = gateway;
  assert.equal((await client.findRoute({ text: "is the rent paid" })).state, "none");
  const agents = {
    clerk: { title: "Bills and accounts", examples: ["is the rent paid", "pay the bill"] },
    gardener: { title: "The garden", prompt: "You water plants and sow seeds" },
  };
  await applyAgents(kernel, agents, { by: "test", source: "agents" });
  const found = await client.findRoute({ text: "has the rent been paid" });
  assert.deepEqual(
    [found.state, found.target],
    ["decided", { kind: "agent", id: "clerk", title: "Bills and accounts" }],
  );
  const text = "cellar stock";
  assert.notEqual((await client.findRoute({ text })).target?.id, "gardener");
  await client.correctRoute({ text, kind: "agent", id: "gardener" });
  assert.equal((await client.findRoute({ text })).target?.id, "gardener");
  await client.correctRoute({ text, kind: "agent", id: "clerk" });
  assert.equal((await client.findRoute({ text })).target?.id, "clerk", "the last word counts");
  await assert.rejects(client.correctRoute({ text, kind: "agent", id: "nobody" }), { code: "not_found" });
});
