/** Devices: a code makes one, from a browser or a program, behind a proxy or through Tailscale Serve; and what is refused. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { request, type IncomingMessage, type RequestOptions } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { createTestGateway, type TestGateway } from "../testing/create-test-gateway.ts";

const names = ["roost.example"];
const form = { "content-type": "application/x-www-form-urlencoded" };
const proxied = { host: "roost.example", "x-forwarded-proto": "https" };
const ownPage = { origin: "https://roost.example", "sec-fetch-site": "same-origin" };

interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: string;
}

/** Headers as they are, Host too. */
async function ask(
  place: Omit<RequestOptions, "headers"> & { headers: Record<string, string> },
  body = "",
): Promise<Answer> {
  const headers = { "content-length": Buffer.byteLength(body), ...place.headers };
  const sent = request({ host: "127.0.0.1", agent: false, ...place, headers });
  sent.end(body);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}

const whoIs = (gateway: TestGateway, headers: Record<string, string>) =>
  ask({ port: gateway.port, path: "/session", headers });

test("A code pairs one device: by the page's form in a browser behind the named proxy, by JSON in a program; signed out or revoked, it is out", async () => {
  await using gateway = await createTestGateway({ outside: { names, trustedProxies: ["127.0.0.1"] } });
  const { client, port, kernel } = gateway;
  const { code, links } = await client.createPairing({ name: "phone", scopes: ["runs:read", "status:read"] });
  assert.deepEqual(links, [`https://roost.example/pair#${code}`, `http://127.0.0.1:${port}/pair#${code}`]);
  const page = await ask({ port, path: "/pair", headers: proxied });
  assert.match(page.body, /Pair this device/);
  assert.equal(page.headers["referrer-policy"], "same-origin", "with none a browser names no origin");
  assert.match(String(page.headers["content-security-policy"]), /script-src 'self'; form-action 'self'/);

  const post = (given: string, headers: Record<string, string>) =>
    ask({ port, path: "/pair", method: "POST", headers: { ...form, ...proxied, ...headers } }, `code=${given}`);
  assert.equal((await post(code, { origin: "https://evil.example" })).status, 403);
  assert.equal((await post(code, { origin: "https://roost.example", "sec-fetch-site": "cross-site" })).status, 403);
  assert.equal((await post("AAAA-AAA2", ownPage)).status, 401);
  const paired = await post(code.toLowerCase(), ownPage);
  assert.deepEqual([paired.status, paired.headers.location], [303, "/"]);
  const [cookie = ""] = paired.headers["set-cookie"] ?? [];
  assert.match(
    cookie,
    /^__Host-roost_device_[\w-]+=[\w.-]+; HttpOnly; SameSite=Strict; Path=\/; Max-Age=34560000; Secure$/,
  );
  assert.equal((await post(code, ownPage)).status, 401, "once");

  const signedIn = { ...proxied, cookie: cookie.split(";")[0]! };
  assert.deepEqual(JSON.parse((await whoIs(gateway, signedIn)).body), {
    id: "device:phone",
    kind: "device",
    scopes: ["runs:read", "status:read"],
  });
  assert.equal((await whoIs(gateway, { ...signedIn, "sec-fetch-site": "cross-site" })).status, 403);
  const jobs = await ask({ port, path: "/api/v1/jobs", headers: signedIn });
  assert.equal(jobs.status, 403, "it has no scope for jobs");

  const program = await client.createPairing({ name: "phone" });
  const json = { "content-type": "application/json", host: `127.0.0.1:${port}` };
  const made = await ask(
    { port, path: "/pair", method: "POST", headers: json },
    JSON.stringify({ code: program.code }),
  );
  const { token, name } = JSON.parse(made.body) as { token: string; name: string };
  assert.equal(name, "phone-2");
  assert.equal(
    (
      await ask({
        port,
        path: "/api/v1/jobs",
        headers: { host: `127.0.0.1:${port}`, authorization: `Bearer ${token}` },
      })
    ).status,
    200,
  );
  const more = { method: "POST", path: "/api/v1/pairings", headers: { ...json, authorization: `Bearer ${token}` } };
  assert.equal((await ask({ port, ...more }, "{}")).status, 403, "a device makes no devices");

  const signOut = (headers: Record<string, string>) => ask({ port, path: "/session", method: "DELETE", headers });
  assert.equal((await signOut({ ...signedIn, origin: "https://evil.example" })).status, 403);
  assert.equal((await whoIs(gateway, signedIn)).status, 200);
  const out = await signOut({ ...signedIn, ...ownPage });
  assert.equal(out.status, 204);
  assert.ok(out.headers["set-cookie"]?.every((each) => /^__Host-[\w-]+=;.*Max-Age=0; Secure$/.test(each)));
  assert.equal((await whoIs(gateway, signedIn)).status, 401, "a kept cookie signs in no more");
  const { items } = await client.listTokens({ kind: "device" });
  assert.deepEqual(
    items.map((each) => [each.name, each.createdBy]),
    [["phone-2", "person:owner"]],
  );
  const told = await kernel.database.query<{ type: string }>(
    "select type from roost.event where topic = 'access' order by time, id",
  );
  assert.deepEqual(told.map(({ type }) => type).toSorted(), [
    "pairing.created",
    "pairing.created",
    "pairing.used",
    "pairing.used",
    "token.created",
    "token.created",
    "token.revoked",
  ]);
  const { rows } = {
    rows: await kernel.database.query<{ text: string }>("select to_jsonb(p)::text as text from access.pairing p"),
  };
  assert.ok(
    rows.every((row) => !row.text.includes(code.replace("-", ""))),
    "codes are kept as hashes",
  );
});

test("Guessing codes is slowed down and makes the open one void, and codes are five minutes old at most", async () => {
  await using gateway = await createTestGateway();
  const { client, port, test: clocks } = gateway;
  const headers = { "content-type": "application/json", host: `127.0.0.1:${port}` };
  const bring = (code: string) => ask({ port, path: "/pair", method: "POST", headers }, JSON.stringify({ code }));
  const first = await client.createPairing({});
  await client.createPairing({ kind: "host", name: "studio" });
  for (let guess = 0; guess < 10; guess += 1) assert.equal((await bring("AAAA-AAA2")).status, 401);
  assert.equal((await bring(first.code)).status, 401, "void after ten wrong ones");
  const open = "select purpose from access.pairing where void_at is null";
  assert.deepEqual(await clocks.kernel.database.query(open), [{ purpose: "host" }], "those of another kind are not");
  const second = await client.createPairing({});
  await clocks.clock.advance(5 * 60_000 + 1);
  assert.equal((await bring(second.code)).status, 401);
  for (let guess = 0; guess < 8; guess += 1) await bring("AAAA-AAA2");
  assert.equal((await bring("AAAA-AAA2")).status, 429);
});

test("Headers of a proxy count from the named one alone, and names of others on no other listener", async () => {
  const hostile = { host: "evil.example", "x-forwarded-host": "roost.example", "x-forwarded-proto": "https" };
  await using gateway = await createTestGateway({ outside: { names, trustedProxies: ["203.0.113.7"] } });
  assert.equal((await whoIs(gateway, proxied)).status, 403);
  assert.equal((await whoIs(gateway, hostile)).status, 403);
  const own = { host: `127.0.0.1:${gateway.port}`, "x-forwarded-host": "evil.example", "x-forwarded-proto": "https" };
  assert.equal((await whoIs(gateway, own)).status, 401, "what it says is not looked at");
  await using behind = await createTestGateway({ outside: { names, trustedProxies: ["127.0.0.1"] } });
  assert.equal((await whoIs(behind, hostile)).status, 401, "the proxy says who was asked");
  assert.equal((await whoIs(behind, { ...hostile, "x-forwarded-host": "evil.example" })).status, 403);
  assert.equal((await whoIs(behind, { ...proxied, origin: "http://roost.example" })).status, 403, "in the clear");
  assert.equal((await whoIs(behind, { host: "roost.example" })).status, 403, "not by the proxy");
});

test("Callers without a token share a bucket with their own address alone, also behind the named proxy", async () => {
  const addressRate = { burst: 3, perSecond: 0.001 };
  const rate = async (trustedProxies: string[], forwarded: string[]) => {
    await using gateway = await createTestGateway({ outside: { names, trustedProxies }, addressRate });
    const statuses: number[] = [];
    for (const each of forwarded) {
      const asked = trustedProxies.includes("127.0.0.1") ? proxied : { host: `127.0.0.1:${gateway.port}` };
      statuses.push((await whoIs(gateway, { ...asked, "x-forwarded-for": each })).status);
    }
    return statuses;
  };
  const one = "198.51.100.1";
  // What stands before the proxy's own entry the caller has written.
  const behind = await rate(
    ["127.0.0.1"],
    [one, one, `203.0.113.9, ${one}`, one, `203.0.113.10,${one}`, "2001:db8::7"],
  );
  assert.deepEqual(behind, [401, 401, 401, 429, 429, 401]);
  const claimed = ["198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4"];
  assert.deepEqual(await rate(["203.0.113.7"], claimed), [401, 401, 401, 429], "of who is not the proxy it is no word");
});

test("Tailscale Serve's word counts on its own socket alone, for the logins that are the person's, and from own pages", async () => {
  const path = join(tmpdir(), `roost-serve-${process.pid}.sock`);
  const outside = { names: ["box.tail.ts.net"], serve: { path }, logins: ["You@Example.com"] };
  await using gateway = await createTestGateway({ outside });
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const served = { host: "box.tail.ts.net", "x-forwarded-proto": "https", "tailscale-user-login": "you@example.com" };
  const me = await ask({ socketPath: path, path: "/session", headers: served });
  assert.deepEqual(JSON.parse(me.body), { id: "device:tailscale/you@example.com", kind: "device", scopes: ["*"] });
  const other = { ...served, "tailscale-user-login": "someone@example.com" };
  assert.equal((await ask({ socketPath: path, path: "/session", headers: other })).status, 401);
  const { "tailscale-user-login": _login, ...funnel } = served;
  assert.equal(
    (await ask({ socketPath: path, path: "/session", headers: funnel })).status,
    401,
    "Funnel names no caller",
  );
  assert.equal(
    (await ask({ socketPath: path, path: "/session", headers: { ...served, "sec-fetch-site": "cross-site" } })).status,
    403,
  );
  assert.equal(
    (await ask({ socketPath: path, path: "/session", headers: { ...served, host: "evil.example" } })).status,
    403,
  );
  const elsewhere = { ...served, host: `127.0.0.1:${gateway.port}` };
  assert.equal((await whoIs(gateway, elsewhere)).status, 401, "any program on the machine could say that");
});
