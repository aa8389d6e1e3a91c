import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentRecord, AgentVersionRecord } from "@roost/contract/operations";
import { someTime } from "../testing/records.ts";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

const agent: AgentRecord = {
  id: "poster",
  version: 2,
  state: "active",
  definition: { prompt: "Post daily.", model: "large", tools: ["notify"], budget: { usdMax: 0.5, tokensMax: 300_000 } },
  definedBy: "home",
  source: "roost.yaml",
  liveRunCount: 1,
  updatedAt: someTime,
};
const versions: AgentVersionRecord[] = [
  {
    agentId: "poster",
    version: 2,
    definition: agent.definition,
    definedBy: "home",
    definedAt: someTime,
    liveRunCount: 1,
    differences: [{ path: "prompt", before: "Post.", after: "Post daily." }],
  },
];

test("roost agents lists, shows and tells the versions of agents", async () => {
  await using gateway = await serveGateway({
    listAgents: () => ({ items: [agent], next: null }),
    getAgent: () => ({ agent }),
    listAgentVersions: ({ version }) => ({ items: version === 9 ? [] : versions, next: null }),
  });
  const list = await runRoost(["agents"], gateway);
  assert.match(list.stdout, /poster +active +2 +roost\.yaml +large +1/);
  const show = await runRoost(["agents", "show", "poster"], gateway);
  assert.match(show.stdout, /defined in +roost\.yaml/);
  assert.match(show.stdout, /per run +\$0\.50, 300\.0k tokens/);
  assert.match(show.stdout, /Post daily\./);
  const past = await runRoost(["agents", "show", "poster", "--version", "2"], gateway);
  assert.match(past.stdout, /poster, version 2\nprompt: Post daily\./);
  const unknown = await runRoost(["agents", "show", "poster", "--version", "9"], gateway);
  assert.match(unknown.stderr, /poster has no version 9/);
  assert.notEqual(unknown.code, 0);
  const told = await runRoost(["agents", "versions", "poster"], gateway);
  assert.match(told.stdout, /version 2.*1 of its runs active\n {2}prompt: "Post\." → "Post daily\."/);
});
