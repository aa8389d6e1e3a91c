/** Calls the operations on services of other makers, as far as each can go wrong. For a gateway with the tests' garden. */
import assert from "node:assert/strict";
import type { TestGateway } from "./create-test-gateway.ts";

export async function askAboutThirdParties(client: TestGateway["client"]): Promise<void> {
  const get = { operationId: "getForecast", summary: "The forecast", "x-roost-effect": "readonly", responses: {} };
  const document = { openapi: "3.1.0", info: {}, paths: { "/forecast": { get } }, components: {} };
  const given = {
    name: "weather",
    title: "Weather",
    server: "https://weather.example",
    source: "weather.yaml",
    sourceHash: "abc",
    document,
    secrets: [{ scheme: "bearer", reference: "env:WEATHER" }],
  };
  assert.equal((await client.putThirdParty(given)).change, "created");
  const { thirdParty, change } = await client.putThirdParty(given);
  assert.deepEqual([change, thirdParty.operationCount, thirdParty.secrets], ["unchanged", 1, given.secrets]);
  const { operations, document: stored } = await client.getThirdParty({ name: "weather" });
  assert.deepEqual(
    [operations.map(({ id, effect }) => [id, effect]), stored],
    [[["getForecast", "readonly"]], document],
  );
  assert.deepEqual((await client.listThirdParties()).items, [thirdParty]);
  const refused: [object, string, RegExp][] = [
    [{ name: "garden" }, "conflict", /domain service "garden"/],
    [{ server: "ftp://weather.example" }, "invalid_input", /no address of a server/],
    [{ secrets: [{ scheme: "token", reference: "env:X" }] }, "invalid_input", /"token" is no scheme/],
    [{ secrets: [{ scheme: "bearer", reference: "hunter2" }] }, "invalid_input", /must be env:NAME/],
    [{ document: { ...document, paths: {} } }, "invalid_input", /has 0 operations/],
  ];
  for (const [wrong, code, message] of refused)
    await assert.rejects(client.putThirdParty({ ...given, ...wrong }), { code, message });
  assert.equal((await client.removeThirdParty({ name: "weather" })).thirdParty.name, "weather");
  await assert.rejects(client.removeThirdParty({ name: "weather" }), { code: "not_found" });
}
