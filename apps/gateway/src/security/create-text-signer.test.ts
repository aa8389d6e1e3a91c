import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { fingerprintOf, makeSigningKey, openAccess, openSigning } from "@roost/access";
import { createFakeClock, silentLogger } from "@roost/base";
import { createTestKernel } from "@roost/worker/testing";
import { createTextSigner } from "./create-text-signer.ts";
import { hashToken, type Token } from "./open-token.ts";

const logger = silentLogger;

test("createTextSigner() takes what was signed for the same purpose, place and token until its time", async () => {
  await using test = await createTestKernel();
  const clock = createFakeClock(1_000_000);
  await openAccess(test.kernel, { logger });
  let secret = "first";
  const token: Token = { fingerprint: async () => fingerprintOf(hashToken(secret)) };
  const signing = await openSigning(test.kernel, { key: makeSigningKey(), logger });
  const signer = createTextSigner("browser", { signing, token, clock });
  const { text } = await signer.issue(60_000, "here");
  assert.ok(await signer.verify(text, "here"));
  assert.equal(await signer.verify(text, "there"), undefined);
  assert.equal(await createTextSigner("code", { signing, token, clock }).verify(text, "here"), undefined);
  assert.equal(await signer.verify(text.replace(/^\d+/, "99999999999999"), "here"), undefined);
  secret = "second";
  assert.equal(await signer.verify(text, "here"), undefined);
  secret = "first";
  clock.advance(60_001);
  assert.equal(await signer.verify(text, "here"), undefined);
});

test("createTextSigner() takes what the home's token has signed before gateways had keys, where that token is", async () => {
  await using test = await createTestKernel();
  const clock = createFakeClock(1_000_000);
  await openAccess(test.kernel, { logger });
  const hash = async () => hashToken("the token");
  const fingerprint = async () => fingerprintOf(await hash());
  const signing = await openSigning(test.kernel, { key: makeSigningKey(), logger });
  const body = `${clock.nowMs() + 1_000}.nonce`;
  const sign = (key: Buffer) =>
    `${body}.${createHmac("sha256", key).update(["browser", "here", body].join("\n")).digest("base64url")}`;
  const given = sign(await hash());
  const atHome = createTextSigner("browser", { signing, token: { hash, fingerprint }, clock });
  assert.equal(await atHome.verify(given, "here"), "nonce");
  assert.equal(await atHome.verify(given, "there"), undefined);
  // What the database has of the token signs nothing.
  assert.equal(await atHome.verify(sign(await fingerprint()), "here"), undefined);
  const elsewhere = createTextSigner("browser", { signing, token: { fingerprint }, clock });
  assert.equal(await elsewhere.verify(given, "here"), undefined);
});
