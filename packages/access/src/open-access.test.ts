/** Access tokens: told once, kept as a hash, found from memory, and gone when revoked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { loginStatements } from "@roost/database";
import { countStatements, type CountedDatabase } from "@roost/database/testing";
import { readBudgets, readTopic } from "@roost/kernel";
import { testKernelWith } from "@roost/kernel/testing";
import { createToken } from "./create-token.ts";
import { hostPurpose, joinHost, renewLogins } from "./hosts.ts";
import { listTokens, revokeToken } from "./list-tokens.ts";
import { accessSchema, isAccessToken, openAccess } from "./open-access.ts";
import { createPairing } from "./pairing.ts";

const createTestKernel = testKernelWith([accessSchema]);
const given = { name: "webui", kind: "client", scopes: ["models:call"], by: "person:owner" } as const;

test("openAccess() finds a token by its text from memory, which is stored nowhere, until it is revoked", async () => {
  let database: CountedDatabase | undefined;
  await using test = await createTestKernel({ wrap: (opened) => (database = countStatements(opened)) });
  const { kernel, clock } = test;
  const access = await openAccess(kernel, { logger: silentLogger });
  const elsewhere = await openAccess(await test.openAnother(), { logger: silentLogger });
  const caps = [{ window: "day", usdMax: 2 }] as const;
  const { token, text } = await createToken(kernel, { ...given, models: ["ollama/*"], caps });
  assert.ok(isAccessToken(text) && text.length > 50, text);
  await assert.rejects(createToken(kernel, given), { code: "conflict" });

  database!.reset();
  for (let call = 0; call < 100; call += 1) assert.equal((await access.find(text))?.id, token.id);
  assert.equal(await access.find(`${text}x`), undefined);
  // The wake-up of the creation leaves by itself, perhaps only now.
  const asked = database!.statements.filter((name) => name !== "roost_notify");
  assert.deepEqual(asked, ["access_read_tokens", "access_read_tokens"], "once more for the one that is not known");
  assert.equal((await elsewhere.find(text))?.name, "webui");
  const later = await createToken(kernel, { ...given, name: "later" });
  assert.equal((await elsewhere.find(later.text))?.name, "later", "what another process has made counts at once");
  assert.equal((await elsewhere.findById(later.token.id))?.name, "later");
  await revokeToken(kernel, { token: "later", by: "person:owner" });
  assert.deepEqual((await readBudgets(kernel)).caps, [{ scope: `key:${token.id}`, window: "day", usdMax: 2 }]);
  await access.recordSeen();
  const [listed] = await listTokens(kernel, { limit: 10 });
  assert.deepEqual([listed?.ending, listed?.lastSeenAt !== null], [text.slice(-4), true]);

  const { isNew } = await revokeToken(kernel, { token: "webui", by: "person:owner" });
  assert.deepEqual([isNew, (await revokeToken(kernel, { token: token.id, by: "me" })).isNew], [true, false]);
  access.forget();
  assert.equal(await access.find(text), undefined);
  await clock.advance(2_100);
  assert.equal(await elsewhere.find(text), undefined, "another process knows within two seconds");
  assert.deepEqual(await listTokens(kernel, { limit: 10 }), []);
  assert.equal((await listTokens(kernel, { limit: 10, withRevoked: true })).length, 2);
  assert.deepEqual((await readBudgets(kernel)).caps, []);
  await createToken(kernel, given);

  const { events } = await readTopic(kernel.database, { topic: "access", limit: 10 });
  assert.deepEqual(events.map(({ type }) => type).toSorted(), [
    "token.created",
    "token.created",
    "token.created",
    "token.revoked",
    "token.revoked",
  ]);
  const stored = await kernel.database.query("select row_to_json(t)::text from access.token t");
  for (const place of [stored, events])
    assert.ok(!JSON.stringify(place).includes(text.slice(9)), "the text is a secret");
  await assert.rejects(revokeToken(kernel, { token: "none", by: "me" }), { code: "not_found" });
});

test("A host that is put out while it is given other logins has none afterwards, whichever began first", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const { database } = kernel;
  await openAccess(kernel, { logger: silentLogger });
  const by = "person:owner";
  const join = async (name: string) => {
    const { code } = await createPairing(kernel, { purpose: hostPurpose, name, by });
    await joinHost(kernel, { code, name, version: "0.1.0", at: new Date(), makeLogins: async () => [] });
  };
  const roleName = `roost_test_${kernel.createId().replaceAll("-", "")}`;
  const login = { of: "schedulers", roleName, password: "x" };
  const roles = () => database.query("select rolname from pg_roles where rolname = $1 and rolcanlogin", [roleName]);
  const settled = { has: false };
  const isWaiting = async () => {
    const rows = await database.query(
      "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    return rows.length > 0;
  };
  const waits = async (work: Promise<unknown>) => {
    settled.has = false;
    void work.catch(() => undefined).finally(() => (settled.has = true));
    await until(async () => settled.has || (await isWaiting()));
  };

  await join("attic");
  let removing: Promise<unknown> | undefined;
  await renewLogins(kernel, {
    name: "attic",
    makeLogins: async (tx) => {
      for (const each of loginStatements({ ...login, connectionsMax: 1, isInheriting: true })) await tx.query(each);
      removing = revokeToken(kernel, { token: "attic", by });
      await waits(removing);
      return [login];
    },
  });
  await removing;
  assert.deepEqual(await roles(), []);

  // The same for a host that asks again with its code, since the answer was lost.
  const attempt = "the secret of one attempt, of thirty-two";
  const { code } = await createPairing(kernel, { purpose: hostPurpose, name: "shed", by });
  const says = { name: "shed", version: "0.1.0", at: new Date(), attempt };
  await joinHost(kernel, { code, ...says, makeLogins: async () => [] });
  let again: Promise<unknown> | undefined;
  await renewLogins(kernel, {
    name: "shed",
    makeLogins: async (tx) => {
      for (const each of loginStatements({ ...login, connectionsMax: 1, isInheriting: true })) await tx.query(each);
      again = joinHost(kernel, { code, ...says, makeLogins: async () => [] });
      await waits(again);
      return [login];
    },
  });
  await again;
  assert.deepEqual(await roles(), []);
  // Who puts it out waits for the code's row and holds no other that this needs.
  await kernel.transact(async (tx) => {
    await tx.query("select 1 from access.pairing where name = 'shed' for update");
    removing = revokeToken(kernel, { token: "shed", by });
    await waits(removing);
    await tx.query("select 1 from access.token where name = 'shed' for update nowait");
  });
  await removing;

  await join("cellar");
  let renewing: Promise<unknown> | undefined;
  await kernel.transact(async (tx) => {
    await tx.query("update access.token set revoked_at = roost.now(), revoked_by = $1 where name = 'cellar'", [by]);
    const makeLogins = async () => [];
    renewing = renewLogins(kernel, { name: "cellar", makeLogins });
    await waits(renewing);
  });
  await assert.rejects(renewing!, { code: "forbidden" });
});
