/** Access tokens: told once, kept as a hash, found from memory, and gone when revoked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { countStatements, type CountedDatabase } from "@roost/database/testing";
import { readBudgets, readTopic } from "@roost/kernel";
import { createTestKernel } from "@roost/kernel/testing";
import { createToken } from "./create-token.ts";
import { listTokens, revokeToken } from "./list-tokens.ts";
import { isAccessToken, openAccess } from "./open-access.ts";

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
  assert.deepEqual(asked, ["access_read_tokens"]);
  assert.equal((await elsewhere.find(text))?.name, "webui");
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
  assert.equal((await listTokens(kernel, { limit: 10, withRevoked: true })).length, 1);
  assert.deepEqual((await readBudgets(kernel)).caps, []);
  await createToken(kernel, given);

  const { events } = await readTopic(kernel.database, { topic: "access", limit: 10 });
  assert.deepEqual(events.map(({ type }) => type).toSorted(), ["token.created", "token.created", "token.revoked"]);
  const stored = await kernel.database.query("select row_to_json(t)::text from access.token t");
  for (const place of [stored, events])
    assert.ok(!JSON.stringify(place).includes(text.slice(9)), "the text is a secret");
  await assert.rejects(revokeToken(kernel, { token: "none", by: "me" }), { code: "not_found" });
});
