import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { rehearsalProvider } from "@roost/agent";
import { createFakeClock } from "@roost/base";
import { createModelNames } from "./create-model-names.ts";

async function serve(context: TestContext, body: string, { status = 200, type = "application/json" } = {}) {
  const server = createServer((_request, response) => {
    asked.count += 1;
    response.writeHead(status, { "content-type": type }).end(body);
  }).listen(0, "127.0.0.1");
  const asked = { count: 0 };
  await once(server, "listening");
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const provider = {
    kind: "openai-compatible",
    id: "local",
    model: "small",
    baseUrl: `http://127.0.0.1:${port}/v1`,
  } as const;
  return { provider, asked };
}

test("createModelNames() knows what is configured and what the server lists, asked once a minute", async (context) => {
  const { provider, asked } = await serve(
    context,
    JSON.stringify({ data: [{ id: "large" }, { id: 7 }, { id: "small" }] }),
  );
  const clock = createFakeClock();
  const names = createModelNames([provider], clock);
  assert.deepEqual(await names(), ["local", "small", "large"]);
  await names();
  assert.equal(asked.count, 1);
  clock.advance(60_000);
  await names();
  assert.equal(asked.count, 2);
});

test("createModelNames() knows nothing for sure in a rehearsal, and while the server gives no list", async (context) => {
  const list = JSON.stringify({ data: [{ id: "large" }] });
  const unsure = [
    await serve(context, list, { status: 401 }),
    await serve(context, list, { status: 500 }),
    await serve(context, "<html>", { type: "text/html" }),
    await serve(context, "{}"),
    await serve(context, list.padEnd(9_000_000)),
  ].map(({ provider }) => provider);
  const gone = { ...unsure[0]!, baseUrl: "http://127.0.0.1:1/v1" };
  for (const [index, provider] of [...unsure, gone, rehearsalProvider()].entries())
    assert.equal(await createModelNames([provider], createFakeClock())(), undefined, `${index}`);
});

test("createModelNames() asks OpenRouter where no other address is given", async () => {
  const asked: unknown[] = [];
  const json = async (...request: unknown[]) => {
    asked.push(request);
    return { data: [{ id: "a/large" }] };
  };
  const provider = { kind: "openrouter", id: "openrouter", model: "openrouter/auto", apiKey: "k" } as const;
  const names = await createModelNames([provider], createFakeClock(), { json })();
  assert.deepEqual(names, ["openrouter", "openrouter/auto", "a/large"]);
  assert.deepEqual(asked, [["https://openrouter.ai/api/v1/models", { apiKey: "k" }]]);
});
