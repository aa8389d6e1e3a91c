import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestGateway } from "./testing/create-test-gateway.ts";

test("the API refuses misspelt names of agents, tools and queues with the nearest, wherever a definition or message has one", async () => {
  await using gateway = await createTestGateway();
  const { client } = gateway;
  const job = { trigger: { kind: "manual" }, prompt: "x" } as const;
  for (const [wrong, nearest] of [
    [{ agent: "mian" }, "main"],
    [{ tools: ["wirte_file"] }, "write_file"],
    [{ postconditions: [{ kind: "tool", name: "notfy" } as const] }, "notify"],
    [{ queue: "defualt" }, "default"],
  ] as const) {
    const refused = { code: "invalid_input", message: new RegExp(`did you mean ${nearest}\\?`) };
    await assert.rejects(client.defineJob({ jobId: "a", ...job, ...wrong } as never), refused);
    await assert.rejects(client.applyJobs({ jobs: [{ id: "a", ...job, ...wrong }], source: "s" } as never), refused);
  }
  await assert.rejects(client.sendMessage({ sessionKey: "main", text: "hi", agent: "mian" }), {
    code: "invalid_input",
    message: 'The message names the agent "mian", which does not exist; did you mean main?',
  });
  await client.defineJob({ jobId: "a", ...job, agent: "main", tools: ["notify"], queue: "gpu", model: "any" });
});
