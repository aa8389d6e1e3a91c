import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock } from "@roost/base";
import { createAuthentication } from "./create-authentication.ts";
import { hashToken, type Token } from "./open-token.ts";

const right: Token = { hash: () => Promise.resolve(hashToken("right")) };
const bearer = (token: string) => new Headers({ authorization: `Bearer ${token}` });

test("createAuthentication() lets the token through and nothing else", async () => {
  const authenticate = createAuthentication({ token: right, clock: createFakeClock(0) });
  await authenticate(bearer("right"));
  await authenticate(new Headers({ authorization: "bearer right" }));
  for (const headers of [
    bearer("wrong"),
    bearer("righ"),
    bearer("rightt"),
    new Headers(),
    new Headers({ authorization: "Basic right" }),
  ]) {
    await assert.rejects(() => authenticate(headers), { code: "unauthenticated" });
  }
});

test("createAuthentication() refuses to be guessed at, but never the owner", async () => {
  const clock = createFakeClock(0);
  const authenticate = createAuthentication({ token: right, clock });
  for (let guess = 0; guess < 20; guess += 1)
    await assert.rejects(() => authenticate(bearer(`${guess}`)), { code: "unauthenticated" });
  await assert.rejects(() => authenticate(bearer("another")), { code: "limit_exceeded" });
  // A call without a token guesses nothing.
  await assert.rejects(() => authenticate(new Headers()), { code: "unauthenticated" });
  await authenticate(bearer("right"));
  clock.advance(10_000);
  await assert.rejects(() => authenticate(bearer("later")), { code: "unauthenticated" });
});
