import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { rehearsalProvider } from "@roost/agent";
import { createFakeClock } from "@roost/base";
import { createModelNames } from "./create-model-names.ts";

async function serve(context: TestContext, body: string) {
  const server = createServer((_request, response) => {
    asked.count += 1;
    response.end(body);
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

test("createModelNames() knows what is configured where the server cannot tell, and nothing for sure in a rehearsal or while the server does not answer", async (context) => {
  const { provider } = await serve(context, "<html>");
  assert.deepEqual(await createModelNames([provider], createFakeClock())(), ["local", "small"]);
  const gone = { ...provider, baseUrl: "http://127.0.0.1:1/v1" };
  assert.equal(await createModelNames([gone], createFakeClock())(), undefined);
  assert.equal(await createModelNames([rehearsalProvider()], createFakeClock())(), undefined);
});
