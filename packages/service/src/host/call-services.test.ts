import assert from "node:assert/strict";
import { test } from "node:test";
import { createId } from "@roost/base";
import { defineOperation, defineService, serve, type Principal } from "@roost/contract";
import { z } from "zod";
import { callHeader, signCall } from "../calls/sign-call.ts";
import { openSigner } from "../signing/open-signer.ts";
import { gardenContract } from "../testing/garden/contract.ts";
import { garden } from "../testing/garden/service.ts";
import { openTestService } from "../testing/open-test-service.ts";
import type { Service } from "../service.ts";

const water = defineOperation({
  id: "water",
  method: "POST",
  path: "/water",
  summary: "Adds a plant to the garden and waters it",
  input: z.object({ name: z.string() }),
  output: z.object({ by: z.string() }),
  errors: ["unavailable", "not_found"],
  effect: "unsafe",
});
const gardenerContract = defineService({ name: "gardener", title: "Gardener", operations: [water] });

const gardener: Service = {
  contract: gardenerContract,
  handlers: ({ clientFor }) => {
    const client = clientFor(gardenContract);
    return [
      serve(water, async ({ name }) => {
        const { plant } = await client.addPlant({ name });
        return await client.waterPlant({ plantId: plant.id });
      }),
    ];
  },
};

test("createClientFor() calls another service as the service that it is, and tells that one is not running", async () => {
  await using caller = await openTestService(gardener);
  const client = caller.clientFor(gardenerContract);
  await assert.rejects(client.water({ name: "Rose" }), { code: "not_found", message: /no service "garden"/ });
  {
    await using _called = await openTestService(garden, caller.test);
    assert.deepEqual(await client.water({ name: "Rose" }), { by: "service:gardener" });
  }
  await assert.rejects(client.water({ name: "Tulip" }), { code: "unavailable", message: /Garden is not running/ });
});

test("The port of a service takes a call that another service signed in its own name, once, and no other", async () => {
  await using called = await openTestService(garden);
  await using caller = await openTestService(gardener, called.test);
  const { clock } = called.test.kernel;
  const { id: instance, url } = called.hosted;
  const publishKey = async (id: string, key: Buffer) => {
    await caller.database.query("select service.add_signer_1($1, $2)", [id, key]);
  };
  const signer = openSigner(publishKey, { clock });
  const ask = async (word?: string) =>
    (await fetch(`${url}/plants`, word === undefined ? {} : { headers: { [callHeader]: word } })).status;
  const sign = (principal: Principal) =>
    signCall(signer, { instance, method: "GET", path: "/plants", principal }, clock);
  const own: Principal = { id: "service:gardener", kind: "service", scopes: ["*"] };
  assert.equal(await ask(), 401);
  const word = await sign(own);
  assert.equal(await ask(word), 200);
  assert.equal(await ask(word), 401, "heard before");
  // Nor does its role reach the other's tables.
  for (const statement of ["select * from svc_garden.plant", "create table svc_garden.mine (a int)"])
    await assert.rejects(caller.database.query(statement), { message: /permission denied for schema svc_garden/ });
  const run = { id: createId(), epoch: 1 };
  const forgeries: Partial<Principal>[] = [
    { id: "service:garden" },
    { id: "person:owner" },
    { id: "agent:main" },
    { kind: "owner" },
    { kind: "agent", run },
    { run },
  ];
  for (const forged of forgeries)
    assert.equal(await ask(await sign({ ...own, ...forged })), 401, JSON.stringify(forged));
  const inserted = "insert into service.signer values (gen_random_uuid(), 'gateway', 'x', '', now(), now())";
  await assert.rejects(caller.database.query(inserted), { message: /permission denied/ });
});
