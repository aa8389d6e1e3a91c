import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentDefinition } from "@roost/contract/operations";
import { viewerOf } from "@roost/memory";
import type { ListedService } from "@roost/service";
import { leaveDisabledOut } from "./leave-disabled-out.ts";

test("leaveDisabledOut() takes a disabled service from the agent, but not what it may know of its domain", async () => {
  const listed = (name: string, isEnabled: boolean) => ({ name, isEnabled }) as ListedService;
  const directory = { list: async () => [listed("peeps", false), listed("garden", true)] };
  const agentOf = (agent: AgentDefinition) =>
    leaveDisabledOut(async () => agent, directory)({ agent: null, agentVersion: null });
  const agent = await agentOf({ services: ["peeps", "garden", "acme"] });
  assert.deepEqual(agent.services, ["garden", "acme"]);
  const viewer = viewerOf({ sessionKind: "cron", jobId: "sweep", input: {} }, agent);
  assert.deepEqual(viewer.services, ["garden", "acme"]);
  assert.deepEqual(viewer.clearance, ["domain:peeps", "domain:garden", "domain:acme"]);
  const same: AgentDefinition = { services: ["garden"] };
  assert.equal(await agentOf(same), same);
});
