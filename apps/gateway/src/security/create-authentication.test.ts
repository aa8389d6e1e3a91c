import assert from "node:assert/strict";
import { test } from "node:test";
import { fingerprintOf, type AccessToken } from "@roost/access";
import { createFakeClock, RoostError, type FakeClock } from "@roost/base";
import type { Principal } from "@roost/contract";
import { createBrowserSessions } from "./browser-session.ts";
import type { Arrival } from "./check-origin.ts";
import { createAuthentication } from "./create-authentication.ts";
import { hashToken, type Token } from "./open-token.ts";
import { openTestSigning } from "../testing/open-test-signing.ts";

const tokenOf = (text: string): Token => ({ fingerprint: async () => fingerprintOf(hashToken(text)) });
const right = tokenOf("right");
const bearer = (token: string) => new Headers({ authorization: `Bearer ${token}` });

const own: Arrival = { scheme: "http", host: "127.0.0.1:7717" };
const named: Arrival = { scheme: "https", host: "roost.example" };
/** As a browser sends back what it was told to keep. */
const keptBy = (header: string) => new Headers({ cookie: header.split(";")[0] ?? "" });

async function open(clock: FakeClock) {
  const signing = await openTestSigning(clock);
  const sessions = createBrowserSessions({ signing, token: right, clock }, "7717");
  const verifyRunToken = async (token: string): Promise<Principal> => {
    if (token === "roost-run.good.x") return { id: "agent:main", kind: "agent", scopes: [] };
    throw new RoostError("unauthenticated", "the run has ended");
  };
  const device = { id: "2", name: "phone", kind: "device", scopes: ["runs:read"] } as AccessToken;
  const gone = new Set<string>();
  const token = { id: "1", name: "webui", kind: "client", scopes: ["models:call"] } as AccessToken;
  const access = {
    find: async (text: string) => (text === "sk-roost-good" ? token : undefined),
    findById: async (id: string) => (id === device.id && !gone.has(id) ? device : undefined),
    revoke: async (id: string) => void gone.add(id),
  };
  const authentication = createAuthentication({ token: right, sessions, verifyRunToken, access, clock });
  const authenticate = (headers: Headers, { method = "GET", at = own }: { method?: string; at?: Arrival } = {}) =>
    authentication.principalOf({ method, headers }, at);
  return { sessions, signing, authenticate, authentication };
}

test("createAuthentication() lets the token through and nothing else", async () => {
  const { authenticate } = await open(createFakeClock(0));
  assert.equal((await authenticate(bearer("right"))).kind, "owner");
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
  const { authenticate } = await open(clock);
  for (let guess = 0; guess < 20; guess += 1)
    await assert.rejects(() => authenticate(bearer(`${guess}`)), { code: "unauthenticated" });
  await assert.rejects(() => authenticate(bearer("another")), { code: "limit_exceeded" });
  // A call without a token guesses nothing.
  await assert.rejects(() => authenticate(new Headers()), { code: "unauthenticated" });
  await authenticate(bearer("right"));
  clock.advance(10_000);
  await assert.rejects(() => authenticate(bearer("later")), { code: "unauthenticated" });
});

test("createAuthentication() takes an access token for its holder, and counts wrong ones as guesses", async () => {
  const { authenticate } = await open(createFakeClock(0));
  const known = { id: "client:webui", kind: "client", scopes: ["models:call"] };
  assert.deepEqual(await authenticate(bearer("sk-roost-good")), known);
  for (let guess = 0; guess < 20; guess += 1)
    await assert.rejects(() => authenticate(bearer(`sk-roost-${guess}`)), { code: "unauthenticated" });
  await assert.rejects(() => authenticate(bearer("sk-roost-another")), { code: "limit_exceeded" });
});

test("createAuthentication() takes the token of a run for its agent, and counts wrong ones as guesses", async () => {
  const { authenticate } = await open(createFakeClock(0));
  assert.equal((await authenticate(bearer("roost-run.good.x"))).id, "agent:main");
  for (let guess = 0; guess < 20; guess += 1)
    await assert.rejects(() => authenticate(bearer("roost-run.bad.x")), { message: "the run has ended" });
  await assert.rejects(() => authenticate(bearer("roost-run.bad.x")), { code: "limit_exceeded" });
  await authenticate(bearer("roost-run.good.x"));
});

test("createBrowserSessions() signs in by a cookie that is whole, in time and of this token and home", async () => {
  const clock = createFakeClock(0);
  const { sessions, signing, authenticate } = await open(clock);
  const header = await sessions.open(own);
  assert.match(header, /^roost_session_7717=\S+; HttpOnly; SameSite=Strict; Path=\/; Max-Age=2592000$/);
  const cookie = header.split(";")[0] ?? "";
  const ask = (value: string) => authenticate(new Headers({ cookie: value }));
  assert.equal((await ask(`other=1; ${cookie}`)).id, "person:owner");
  const other = createBrowserSessions({ signing, token: tokenOf("other"), clock }, "7717");
  const wrong = [
    cookie.replace("7717", "7718"),
    `${cookie}x`,
    cookie.replace("=", "=9"),
    cookie.slice(0, -2),
    "roost_session_7717=",
    "roost_session_7717=...",
    (await other.open(own)).split(";")[0] ?? "",
    sessions.close(own)[0]?.split(";")[0] ?? "",
  ];
  for (const value of wrong) await assert.rejects(() => ask(value), { code: "unauthenticated" }, value);
  clock.advance(30 * 86_400_000 + 1);
  await assert.rejects(() => ask(cookie), { code: "unauthenticated" });
});

test("createBrowserSessions() binds a cookie to the address where the browser signed in, and keeps no token in it", async () => {
  const { sessions, authenticate, authentication } = await open(createFakeClock(0));
  const overTls = await sessions.open(named);
  assert.match(overTls, /^__Host-roost_session_7717=\S+; HttpOnly; SameSite=Strict; Path=\/; Max-Age=2592000; Secure$/);
  assert.equal((await authenticate(keptBy(overTls), { at: named })).kind, "owner");
  assert.equal((await authenticate(keptBy(overTls), { at: { ...named, host: "Roost.Example:443" } })).kind, "owner");
  const device = await sessions.openDevice("2", named);
  assert.match(device, /^__Host-roost_device_7717=2\.\S+; HttpOnly;.*; Secure$/);
  assert.equal((await authenticate(keptBy(device), { at: named })).id, "device:phone");
  // Renamed by who has got hold of it, and brought to another address of this server, or as the cookie of another device.
  const elsewhere: Arrival[] = [own, { ...named, host: "roost.example:8443" }, { ...named, scheme: "http" }];
  for (const cookie of [overTls, device])
    for (const at of elsewhere) {
      const value = at.scheme === "http" ? cookie.replace("__Host-", "") : cookie;
      await assert.rejects(authenticate(keptBy(value), { at }), { code: "unauthenticated" });
    }
  await assert.rejects(authenticate(keptBy(device.replace("=2.", "=3.")), { at: named }), { code: "unauthenticated" });
  await assert.rejects(authenticate(keptBy(device.replace("device", "session")), { at: named }), {
    code: "unauthenticated",
  });
  await authentication.signOutDevice({ method: "GET", headers: keptBy(device) }, named);
  await assert.rejects(authenticate(keptBy(device), { at: named }), { code: "unauthenticated", message: /signed out/ });
});
