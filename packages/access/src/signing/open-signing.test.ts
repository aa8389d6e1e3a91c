import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { changeDatabaseUrl, escapeIdentifier, loginStatements, openDatabase } from "@roost/database";
import { testKernelWith } from "@roost/kernel/testing";
import { accessSchema } from "../open-access.ts";
import { isSigningKey, makeSigningKey, openSigning } from "./open-signing.ts";

const createTestKernel = testKernelWith([accessSchema]);
const logger = silentLogger;

test("openSigning() takes what a gateway has signed whose login may log in, and nothing else", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const { database } = kernel;
  const key = makeSigningKey();
  const home = await openSigning(kernel, { key, logger });
  const signed = home.sign("a text");
  assert.ok(await home.isSigned("a text", signed));
  assert.ok(!(await home.isSigned("another text", signed)));
  const [id = "", signature = ""] = signed.split(".");
  for (const wrong of ["", id, `${id}.`, `x.${signature}`, `${id}.${signature.slice(1)}`])
    assert.ok(!(await home.isSigned("a text", wrong)), wrong);

  const login = { name: `roost_test_${kernel.createId().slice(-8)}`, password: "a-password-of-the-tests" };
  const role = escapeIdentifier(login.name);
  const make = { roleName: login.name, password: login.password, connectionsMax: 2, isInheriting: true };
  for (const statement of loginStatements(make)) await database.query(statement);
  try {
    for (const statement of [
      "grant usage on schema access, roost to",
      "grant select on access.signing_key, access.home_token to",
      "grant execute on function access.publish_signing_key_1(bytea) to",
    ])
      await database.query(`${statement} ${role}`);
    const url = changeDatabaseUrl(test.url, { user: login });
    await using there = await openDatabase({ url, applicationName: "a test", logger, poolMax: 1 });
    const { clock } = kernel;
    const elsewhere = await openSigning({ clock, database: there }, { key: makeSigningKey(), logger });
    const signedThere = elsewhere.sign("a text");
    assert.ok(await elsewhere.isSigned("a text", signed));
    const late = await openSigning(kernel, { key, logger });
    assert.ok(await late.isSigned("a text", signedThere));
    for (const statement of [
      "insert into access.signing_key (role_name, public_key) values ('mine', '')",
      "update access.signing_key set public_key = ''",
      "delete from access.signing_key",
      "update access.home_token set fingerprint = ''",
    ])
      await assert.rejects(there.query(statement), /permission denied/, statement);

    await database.query(`alter role ${role} nologin`);
    const after = await openSigning(kernel, { key, logger });
    assert.ok(!(await after.isSigned("a text", signedThere)), "put out");
    assert.ok(await after.isSigned("a text", signed), "what others signed counts on");
  } finally {
    await database.query(`drop owned by ${role}`);
    await database.query(`drop role ${role}`);
  }
  await openSigning(kernel, { key: makeSigningKey(), logger });
  const rows = await database.query<{ row: string }>("select row_to_json(k)::text as row from access.signing_key k");
  assert.equal(rows.length, 1, "one key for a login, none for one that is gone");
  const again = await openSigning(kernel, { key: makeSigningKey(), logger });
  assert.ok(!(await again.isSigned("a text", signed)), "the key before counts no more");
});

test("openSigning() leaves nothing in the database with which one could sign", async () => {
  await using test = await createTestKernel();
  const { kernel } = test;
  const key = makeSigningKey();
  const signing = await openSigning(kernel, { key, logger });
  const signed = signing.sign("a text");
  const rows = await kernel.database.query<{ key: Buffer }>("select public_key as key from access.signing_key");
  const [known] = rows;
  assert.equal(rows.length, 1);
  assert.ok(!Buffer.from(key, "base64").includes(known!.key.subarray(-32).toString("base64")));
  // Who has a dump has this: it is a key that verifies, and signs nothing.
  await assert.rejects(
    openSigning(kernel, { key: known!.key.toString("base64"), logger }),
    /error|unsupported|asn1|wrong tag|DECODER/i,
  );
  assert.ok(await signing.isSigned("a text", signed));
});

test("isSigningKey() takes what was made and nothing that is torn", () => {
  const key = makeSigningKey();
  assert.equal(isSigningKey(key), true);
  for (const torn of ["", "x", key.slice(0, key.length / 2), key.slice(4)])
    assert.equal(isSigningKey(torn), false, torn);
});
