import assert from "node:assert/strict";
import { test } from "node:test";
import { createId, silentLogger } from "@roost/base";
import { createTestKernel } from "@roost/kernel/testing";
import { openServices } from "../open-services.ts";
import { gardenContract } from "../testing/garden/contract.ts";
import { garden } from "../testing/garden/service.ts";
import { openTestService } from "../testing/open-test-service.ts";
import { connectService } from "./connect-service.ts";
import { installService } from "./install-service.ts";

test("installService() refuses a topic of the kernel or of another service, and says what an administrator has to run", async () => {
  await using opened = await openTestService(garden);
  const { kernel } = opened.services;
  const homeId = createId();
  const runs = { ...gardenContract, name: "sprinter", topics: ["runs"] };
  await assert.rejects(installService(kernel, { contract: runs, homeId, version: "1" }), { code: "conflict" });
  const thief = { ...gardenContract, name: "thief" };
  await assert.rejects(installService(kernel, { contract: thief, homeId, version: "1" }), { code: "conflict" });
  await using plain = await createTestKernel();
  await openServices({ kernel: plain.kernel, kind: "gateway", name: "g" });
  // As on a server whose database user may make no roles.
  const name = `roost_plain_${createId().slice(-12)}`;
  await plain.database.query(`create role ${name} login`);
  try {
    await plain.database.query(`grant usage on schema roost, service to ${name}`);
    await plain.database.query(`grant all on all tables in schema roost, service to ${name}`);
    await plain.database.query(`grant execute on all functions in schema roost, service to ${name}`);
    await using weak = await connectService({
      databaseUrl: plain.url,
      installed: { name: "plain", roleName: name, schemaName: "plain", contractHash: "", password: "" },
      logger: silentLogger,
    });
    const refused = installService(
      { ...plain.kernel, database: weak },
      {
        contract: gardenContract,
        homeId,
        version: "1",
      },
    );
    const error = await refused.then(
      () => undefined,
      (thrown: { code: string; details: { statements: string[] } }) => thrown,
    );
    assert.equal(error?.code, "forbidden");
    assert.match(
      error?.details.statements[0] ?? "",
      /^create role "roost_\w{12}_garden" login nosuperuser .* password '…'$/,
    );
    const [row] = await plain.database.query<{ reason: string; count: number }>(
      "select reason, cardinality(statements) as count from service.service",
    );
    assert.match(row?.reason ?? "", /an administrator must run the statements/);
    assert.equal(row?.count, error?.details.statements.length);
  } finally {
    await plain.database.query(`grant ${name} to current_user`);
    await plain.database.query(`drop owned by ${name}`);
    await plain.database.query(`drop role ${name}`);
  }
});
