import assert from "node:assert/strict";
import { test } from "node:test";
import { openLabels } from "@roost/contract/labels";
import { systemClock } from "@roost/base";
import type { Memory } from "@roost/memory";
import type { ThirdParties } from "@roost/service";
import type { McpClient } from "./mcp-client.ts";
import { createThirdPartyToolsOf } from "./third-party-tools.ts";

test("createThirdPartyToolsOf() of a gateway elsewhere leaves to the home what listens on a loopback address", async () => {
  const servers = ["http://127.0.0.1:9", "http://till.localhost:9", "http://[::1]:9", "https://shop.invalid"];
  const list = async () =>
    servers.map((server, at) => ({ name: `shop${at}`, title: "Shop", server, hash: `${at}`, secrets: [] }));
  const operation = { operationId: "look", summary: "look", "x-roost-effect": "readonly", responses: {} };
  const document = { openapi: "3.1.0", info: {}, paths: { "/offers": { get: operation } }, components: {} };
  const thirdParties = { list, documentOf: async () => document } as unknown as ThirdParties;
  const memory = {
    machineDir: "/nowhere",
    settings: { http: { allow: ["127.0.0.1:9", "till.localhost:9", "[::1]:9", "shop.invalid"] } },
    kernel: { clock: systemClock },
  } as unknown as Memory;
  const client = { principal: { id: "owner", kind: "owner", scopes: ["*"] } } as unknown as McpClient;
  const leftToHome = async (homeAddress: string | undefined) => {
    const given = { thirdParties, memory, environment: {}, homeAddress };
    const tools = await createThirdPartyToolsOf(given)(client);
    const { signal } = new AbortController();
    const call = { toolCallId: "", step: "", idempotencyKey: "k", signal, attempt: 1, labels: openLabels };
    const answers = tools.map(async (tool) => {
      try {
        await tool.execute({}, call);
        return false;
      } catch (error) {
        assert.match((error as Error).message, /listens on a loopback address.*https:\/\/attic\.example$/);
        return true;
      }
    });
    return Promise.all(answers);
  };
  assert.deepEqual(await leftToHome("https://attic.example"), [true, true, true, false]);
  assert.deepEqual(await leftToHome(undefined), [false, false, false, false]);
});
