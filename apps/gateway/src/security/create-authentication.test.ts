import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock } from "@roost/base";
import { createAuthentication } from "./create-authentication.ts";

const bearer = (token: string) => new Headers({ authorization: `Bearer ${token}` });

test("createAuthentication() lets the token through and nothing else", () => {
  const authenticate = createAuthentication({ token: "right", clock: createFakeClock(0) });
  authenticate(bearer("right"));
  authenticate(new Headers({ authorization: "bearer right" }));
  for (const headers of [
    bearer("wrong"),
    bearer("righ"),
    bearer("rightt"),
    new Headers(),
    new Headers({ authorization: "Basic right" }),
  ]) {
    assert.throws(() => authenticate(headers), { code: "unauthenticated" });
  }
});

test("createAuthentication() refuses to be guessed at, but never the owner", () => {
  const clock = createFakeClock(0);
  const authenticate = createAuthentication({ token: "right", clock });
  for (let guess = 0; guess < 20; guess += 1)
    assert.throws(() => authenticate(bearer(`${guess}`)), { code: "unauthenticated" });
  assert.throws(() => authenticate(bearer("one more")), { code: "limit_exceeded" });
  authenticate(bearer("right"));
  clock.advance(10_000);
  assert.throws(() => authenticate(bearer("later")), { code: "unauthenticated" });
});
