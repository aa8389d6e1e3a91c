import assert from "node:assert/strict";
import { test } from "node:test";
import { fingerprintOf, makeSigningKey, openAccess, openSigning } from "@roost/access";
import { createFakeClock, silentLogger } from "@roost/base";
import { createTestKernel } from "@roost/worker/testing";
import { hashToken, type Token } from "./open-token.ts";
import { createSignInCodes, signInMsMax } from "./sign-in-codes.ts";

test("createSignInCodes() makes codes that work once, for five minutes, in any gateway of the home, and for its token only", async () => {
  await using test = await createTestKernel();
  const clock = createFakeClock(1_000_000);
  let secret = "first";
  const token: Token = { fingerprint: async () => fingerprintOf(hashToken(secret)) };
  await openAccess(test.kernel, { logger: silentLogger });
  const signing = await openSigning(test.kernel, { key: makeSigningKey(), logger: silentLogger });
  const one = createSignInCodes(test.kernel, { signing, token, clock });
  const other = createSignInCodes(test.kernel, { signing, token, clock });

  const { code, expiresMs } = await one.create();
  assert.equal(expiresMs, clock.nowMs() + signInMsMax);
  const outcomes = await Promise.allSettled([one.redeem(code), other.redeem(code), one.redeem(code)]);
  assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
  await assert.rejects(other.redeem(code), { code: "unauthenticated", message: /was used before/ });

  const late = await one.create();
  clock.advance(signInMsMax + 1);
  await assert.rejects(one.redeem(late.code), { code: "unauthenticated", message: /older than five minutes/ });

  const fresh = await one.create();
  const [expires, nonce, key, signature = ""] = fresh.code.split(".");
  const bent = `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
  await assert.rejects(one.redeem([expires, nonce, key, bent].join(".")), { code: "unauthenticated" });
  await assert.rejects(one.redeem(fresh.code.replace(/^\d+/, "99999999999999")), { code: "unauthenticated" });
  secret = "second";
  await assert.rejects(one.redeem(fresh.code), { code: "unauthenticated" });
});
