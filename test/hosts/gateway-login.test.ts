/** What the login of a joined host's gateways may do in the home's database, and for how long what it signed counts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { hostScopes, type HostLogins, type HostNeeds } from "@roost/contract/operations";
import { postJson } from "@roost/contract/post-json";
import { openDatabase } from "@roost/database";
import { openKernel } from "@roost/kernel";
import { openServices } from "@roost/service";
import { openTestService } from "@roost/service/testing";
import { garden } from "@roost/service/testing/garden";
import { homeRooms } from "@roost/worker/home-rooms";
import { createTestGateway } from "../../apps/gateway/src/testing/create-test-gateway.ts";

test("The login of a host's gateways reads and writes rows of the API, makes nothing, changes no event and no name of a role, and signs as long as it counts", async () => {
  await using gateway = await createTestGateway({ objects: "s3://roost/home?endpoint=http://127.0.0.1:9" });
  await using _garden = await openTestService(garden, gateway.test);
  const scopes = [...hostScopes, "gateways:run"];
  const { code } = await gateway.client.createPairing({ kind: "host", name: "shed", scopes });
  const host = { name: "shed", version: "0.1.0", at: new Date().toISOString() };
  const joined = await postJson<{ logins: HostLogins; needs: HostNeeds }>(`${gateway.url}/pair`, { code, host });
  assert.deepEqual(
    joined.logins.map(({ of }) => of),
    ["gateways"],
  );
  assert.match(joined.needs.objects ?? "", /^s3:/);
  const { url } = joined.logins[0]!;
  await using database = await openDatabase({ url, applicationName: "t", logger: silentLogger, poolMax: 2 });
  await using kernel = await openKernel({ database, logger: silentLogger, rooms: homeRooms });
  const { signer } = await openServices({ kernel, kind: "gateway", name: "gateway" });
  const signed = await signer.sign("test", { by: "a test" });
  const verify = async () => {
    const { verifier } = await openServices({ kernel: gateway.kernel, kind: "gateway", name: "gateway" });
    return (await verifier.verify("test", signed)).signer.kind;
  };
  assert.equal(await verify(), "gateway");
  const [known] = await gateway.kernel.database.query<{ owner: string; segment: string; schema: string }>(
    `select current_user as owner, (select relation from roost.segment where topic = 'access' limit 1) as segment,
       (select schema_name from service.service limit 1) as schema`,
  );
  const { owner, segment, schema } = known!;
  const refused = [
    "create table roost.mine (id int)",
    "create table public.mine (id int)",
    "create table access.mine (id int)",
    "create temporary table mine (id int)",
    "create schema mine",
    "create function roost.mine() returns int language sql as 'select 1'",
    "create role mine",
    "create database mine",
    "create extension dblink",
    "alter table roost.run add column mine int",
    "alter role current_user superuser",
    "drop table roost.run",
    "truncate roost.run",
    "copy roost.run to program 'cat'",
    "select pg_read_file('postgresql.conf')",
    `set role ${JSON.stringify(owner)}`,
    `set session authorization ${JSON.stringify(owner)}`,
    // The log is added to.
    "update roost.event set data = '{}'",
    "delete from roost.event",
    `update roost.${segment} set data = '{}'`,
    `delete from roost.${segment}`,
    // By these the home's own user makes and drops tables and roles.
    "update roost.topic set relation = 'run'",
    "update roost.segment set relation = 'run'",
    `update access.host set role_names = '{${owner}}'`,
    `insert into access.host (token, version, skew_ms, pairing, role_names) values (gen_random_uuid(), '', 0, gen_random_uuid(), '{${owner}}')`,
    "delete from access.host",
    "update access.hook set key_ref = 'env:MINE'",
    "delete from access.hook",
    `update service.service set role_name = '${owner}'`,
    "insert into service.login (role_name, service) values (current_user, 'garden')",
    // What programs are told of the database and of each other.
    "update roost.home set path = 'mine'",
    "delete from roost.function_set",
    ...["roost", "memory", "channels", "access", "service"].map((name) => `delete from ${name}.migration`),
    "update service.instance set url = 'http://127.0.0.1:9'",
    "delete from service.contract",
    "insert into service.signer (id, kind, name, public_key, expires_at) values (gen_random_uuid(), 'worker', 'mine', '', now())",
    "update service.signer set login = 'mine'",
    "select service.add_worker_signer_1(gen_random_uuid(), 'mine', '')",
    "select service.caller_1()",
    // Of a service.
    `create table ${schema}.mine (id int)`,
    `select * from ${schema}.migration`,
  ];
  for (const statement of refused)
    await assert.rejects(
      database.query(statement),
      /permission denied|must be|only roles|may not|not allowed/i,
      statement,
    );
  await database.query(
    `insert into access.pairing (id, purpose, name, scopes, code_sha256, created_by, expires_at)
     values (gen_random_uuid(), 'host', 'shed', '{gateways:run}', 'a code of its own', 'mine', '2100-01-01')`,
  );
  await gateway.client.revokeToken({ token: "shed" });
  assert.deepEqual(
    await gateway.kernel.database.query("select from access.pairing where used_at is null and void_at is null"),
    [],
    "a code that it left would bring it in again",
  );
  await assert.rejects(verify(), { code: "unauthenticated" });
  await assert.rejects(database.query("select 1"), /terminat|does not exist|not permitted|password authentication/i);
});
