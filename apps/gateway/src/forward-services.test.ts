/** A domain is added by its own folder alone: it is known everywhere, without a restart, and no room of Roost names it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { createHttpClient } from "@roost/contract/client";
import { buildDigest } from "@roost/memory";
import { openServices, signRunToken } from "@roost/service";
import { openTestService } from "@roost/service/testing";
import { garden } from "@roost/service/testing/garden";
import { gardenContract } from "@roost/service/testing/garden/contract";
import { collect } from "./testing/collect.ts";
import { createTestGateway, testToken } from "./testing/create-test-gateway.ts";
import { claimOne, joinWorker, startRun } from "./testing/drive-runs.ts";

const main = { sessionKey: "main", sessionKind: "main", offsets: null, shownAt: null } as const;

test("A service that is installed while everything runs is called, listed, told of in digests and read in the log", async () => {
  await using gateway = await createTestGateway();
  const { kernel, memory, client, url } = gateway;
  // Another process, as a worker is, which was there before the service.
  const another = await gateway.test.openAnother();
  const digestBefore = await buildDigest(memory, main);
  await using _service = await openTestService(garden, gateway.test);
  const baseUrl = `${url}/services/garden`;
  const plants = createHttpClient(gardenContract, { baseUrl, token: testToken });
  const { plant } = await plants.addPlant({ name: "Rose" });
  await plants.waterPlant({ plantId: plant.id });
  const keyed = { idempotencyKey: "tulip" };
  const tulip = await plants.addPlant({ name: "Tulip" }, keyed);
  assert.deepEqual(await plants.addPlant({ name: "Tulip" }, keyed), tulip);
  await assert.rejects(plants.addPlant({ name: "Thorn" }, keyed), { code: "conflict" });
  assert.deepEqual((await plants.listPlants()).items, [plant, tulip.plant]);
  const { items: services } = await client.listServices();
  assert.deepEqual(
    services.map(({ name, title, state, instanceCount }) => [name, title, state, instanceCount]),
    [["garden", "Garden", "running", 1]],
  );
  const document = await (await gateway.ask("/services/garden/openapi.json")).json();
  assert.deepEqual(Object.keys((document as { paths: object }).paths), [
    "/plants",
    "/plants/{plantId}/water",
    "/plants/{plantId}/waterings",
  ]);

  const headers = { authorization: `Bearer ${testToken}` };
  const [traced] = (await once(request(`${baseUrl}/plants`, { method: "TRACE", headers }).end(), "response")) as [
    IncomingMessage,
  ];
  assert.equal(traced.resume().statusCode, 405, "fetch sends no such method on");

  assert.ok((await client.listTopics()).items.some(({ name }) => name === "garden"));
  const items = await collect(
    client.tailEvents({ topics: ["garden"], last: 10 }),
    ({ data }) => data.data["name"] === "Tulip",
  );
  assert.deepEqual(items.map(({ data }) => data.type).toSorted(), ["plant.added", "plant.added", "plant.watered"]);
  assert.ok((await client.listSchemas({ type: "plant.added" })).items.length === 1);
  assert.ok((await client.listGroups()).items.some(({ name }) => name === "service.garden.waterings"));

  await until(() => another.registry.digests().has("plant.added"));
  for (const each of [kernel, another]) {
    const told = await buildDigest({ ...memory, kernel: each }, { ...main, offsets: digestBefore.offsets });
    assert.match(told.text, /garden: Rose was planted/);
    assert.doesNotMatch(told.text, /plant\.watered/, "a type without words is not told of");
  }
});

test("An agent calls a service as itself, as far as its token reaches, and only through the gateway", async () => {
  await using gateway = await createTestGateway();
  const { kernel, url } = gateway;
  await using service = await openTestService(garden, gateway.test);
  await using worker = await joinWorker(kernel);
  await startRun(kernel, { agent: "gardener" });
  const owned = await claimOne(kernel, worker);
  const { signer } = await openServices({ kernel, kind: "worker", name: "w" });
  const withScopes = async (...scopes: string[]) =>
    createHttpClient(gardenContract, {
      baseUrl: `${url}/services/garden`,
      token: await signRunToken(signer, { ...owned, scopes }),
    });
  const gardener = await withScopes("garden.*:*");
  const { plant } = await gardener.addPlant({ name: "Rose" });
  assert.equal((await gardener.waterPlant({ plantId: plant.id })).by, "agent:gardener");
  const reader = await withScopes("garden.*:read");
  assert.equal((await reader.listPlants()).items.length, 1);
  await assert.rejects(reader.addPlant({ name: "Tulip" }), { code: "forbidden" });
  await assert.rejects((await withScopes()).listPlants(), { code: "forbidden" });

  assert.equal((await fetch(`${url}/services/garden/plants`)).status, 401);
  assert.equal((await fetch(`${service.hosted.url}/plants`)).status, 401);
  const bearer = { authorization: `Bearer ${testToken}` };
  assert.equal((await fetch(`${service.hosted.url}/plants`, { headers: bearer })).status, 401);
  assert.equal((await gateway.ask("/services/peeps/people")).status, 404);
  assert.equal((await gateway.ask("/services/garden/plants?limit=0")).status, 400);
  assert.equal((await gateway.ask("/services/garden/plants", { headers: { "roost-call": "forged" } })).status, 200);
});
