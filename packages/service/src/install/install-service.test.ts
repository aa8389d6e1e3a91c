import assert from "node:assert/strict";
import { test } from "node:test";
import { defineOperation, defineService } from "@roost/contract";
import { z } from "zod";
import { createId, silentLogger } from "@roost/base";
import { createTestKernel } from "@roost/kernel/testing";
import { openServices } from "../open-services.ts";
import { gardenContract } from "../testing/garden/contract.ts";
import { garden } from "../testing/garden/service.ts";
import { dropRoles, openTestService } from "../testing/open-test-service.ts";
import { connectService } from "./connect-service.ts";
import { createServiceLogin } from "./create-service-login.ts";
import { installService } from "./install-service.ts";

test("installService() refuses a topic of the kernel or of another service, and says what an administrator has to run", async () => {
  await using opened = await openTestService(garden);
  const { kernel } = opened.services;
  const homeId = createId();
  const runs = { ...gardenContract, name: "sprinter", topics: ["runs"] };
  await assert.rejects(installService(kernel, { contract: runs, homeId }), { code: "conflict" });
  const thief = { ...gardenContract, name: "thief" };
  await assert.rejects(installService(kernel, { contract: thief, homeId }), { code: "conflict" });
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
      installed: {
        name: "plain",
        roleName: name,
        loginName: name,
        schemaName: "plain",
        contractHash: "",
        password: "",
      },
      logger: silentLogger,
    });
    const refused = installService(
      { ...plain.kernel, database: weak },
      {
        contract: gardenContract,
        homeId,
      },
    );
    const error = await refused.then(
      () => undefined,
      (thrown: { code: string; details: { statements: string[] } }) => thrown,
    );
    assert.equal(error?.code, "forbidden");
    assert.match(
      error?.details.statements.join("\n") ?? "",
      /^create role "roost_\w{12}_garden" nologin nosuperuser .*\n.*\ncreate role "roost_\w{12}_garden\.home" login nosuperuser .* password '…'\n/,
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

test("A host's login for a service cannot make one of that service's role, which outlives it when the host is put out", async () => {
  await using opened = await openTestService(garden);
  const { kernel, url } = opened.test;
  const { installed } = opened;
  const made = await createServiceLogin(kernel.database, { service: "garden", host: "box", homeId: createId() });
  const login = { ...installed, loginName: made.roleName, password: made.password };
  const open = (as: Partial<typeof installed>) =>
    connectService({ databaseUrl: url, installed: { ...installed, ...as }, logger: silentLogger });
  {
    await using host = await open(login);
    const whole = `select service.accepted_contract_1() as hash, current_user as role`;
    assert.deepEqual(await host.query(whole), [{ hash: installed.contractHash, role: installed.roleName }]);
    // PostgreSQL lets everybody change the password of the role that they are.
    await host.query("alter role current_user password 'known'");
    for (const statement of [
      "alter role current_user login",
      `alter role "${installed.loginName}" password 'known'`,
      `alter role "${installed.loginName}" set search_path = svc_garden`,
      `grant ${installed.roleName} to "${installed.loginName}"`,
      `set role "${installed.loginName}"`,
    ])
      await assert.rejects(host.query(statement), /permission denied|must have admin option/, statement);
  }
  await assert.rejects(open({ loginName: installed.roleName, password: "known" }), /not permitted to log in/);
  await kernel.database.query(`drop role ${made.roleName}`);
});

test("installService() keeps the accepted contract when callers would lose something, until its major version or the person says so", async () => {
  await using opened = await openTestService(garden);
  const { kernel } = opened.services;
  const homeId = createId();
  const input = z.object({ title: z.string().max(100) });
  const contractOf = (name: string, given: z.ZodObject, version = "1.0.0") => {
    const add = { id: name, method: "POST", path: "/books", summary: "Adds", effect: "unsafe" } as const;
    const operations = [defineOperation({ ...add, input: given, output: z.object({ isNew: z.boolean() }) })];
    return defineService({ name: "shelf", title: "Shelf", operations, version });
  };
  const install = (name: string, given = input, options: { version?: string; acceptsBreaks?: boolean } = {}) =>
    installService(kernel, { contract: contractOf(name, given, options.version), homeId, ...options });
  const accepted = async () => {
    const [row] = await kernel.database.query<{ hash: string; operation: string }>(
      `select c.hash, c.document #>> '{paths,/books,post,operationId}' as operation
       from service.service s join service.contract c on c.hash = s.contract_hash where s.name = 'shelf'`,
    );
    return row!;
  };
  const first = await install("addBook");
  try {
    await install("addBook", input.extend({ note: z.string().optional() }));
    const before = await accepted();
    assert.notEqual(before.hash, first.contractHash);
    await assert.rejects(install("addBook", input.extend({ title: z.string().max(50) })), {
      code: "conflict",
      message:
        /"shelf" takes away what its callers know: addBook\.input\.title: .*; addBook\.input\.note: .*migrate shelf --accept-breaks/,
    });
    await assert.rejects(install("putBook"), { message: /addBook: the operation is gone/ });
    assert.deepEqual(await accepted(), before);
    await install("putBook", input, { version: "2.0.0" });
    assert.equal((await accepted()).operation, "putBook");
    await install("addBook", input, { version: "1.0.0", acceptsBreaks: true });
    assert.equal((await accepted()).operation, "addBook");
  } finally {
    await dropRoles(kernel.database, first);
  }
});
