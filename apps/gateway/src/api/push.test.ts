import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { addPushSubscription, createToken, listPushSubscriptions, type AccessToken } from "@roost/access";
import { systemClock } from "@roost/base";
import { listQuestions, raiseNotice, waitInRun } from "@roost/kernel";
import { createPushLoops } from "../notices/create-push-loops.ts";
import { isPushService, readPushKey } from "../notices/send-push.ts";
import { createTestGateway } from "../testing/create-test-gateway.ts";
import { claimOne, joinWorker, startRun } from "../testing/drive-runs.ts";

interface Pushed {
  path: string | undefined;
  topic: unknown;
  body: string;
  authorization: string;
}

async function startPushService(statusOf: (path: string) => number) {
  const pushed: Pushed[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      const { url: path, headers } = request;
      pushed.push({ path, topic: headers["topic"], body, authorization: headers.authorization ?? "" });
      response.writeHead(statusOf(path ?? "")).end();
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pushed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("notices and questions wake browsers without any content, signed by the home's key; one that is gone is removed", async () => {
  let isAway = false;
  await using service = await startPushService((path) => (isAway ? 503 : path === "/gone" ? 410 : 201));
  await using gateway = await createTestGateway();
  const { kernel, client, homeDir } = gateway;
  const loops = createPushLoops(kernel, { homeDir, timeZone: "UTC", signal: new AbortController().signal });
  const look = async () => {
    for (const loop of loops) while ((await loop.look()).isMore === true);
  };
  const raise = (text: string) =>
    kernel.transact(async (tx) => raiseNotice(tx, { level: "warning", text, source: "test" }));
  await raise("before a browser takes pushes");
  await look();
  for (const path of ["/here", "/gone"])
    await addPushSubscription(kernel, { endpoint: service.url + path, name: path, by: "person:owner" });
  await raise("a secret of the home");
  await using worker = await joinWorker(kernel);
  const ask = async (prompt: string) => {
    await startRun(kernel);
    const owned = await claimOne(kernel, worker);
    await waitInRun(kernel, owned, { seq: 1, name: "ask", wait: { kind: "person", question: { prompt } } });
  };
  await ask("Another secret?");
  await look();
  assert.deepEqual(service.pushed.map(({ path }) => path).toSorted(), ["/gone", "/here", "/here"]);
  assert.deepEqual(
    (await listPushSubscriptions(kernel)).map(({ name, sentAt }) => [name, sentAt !== null]),
    [["/here", true]],
  );
  const { publicKey } = await client.getPushKey();
  assert.equal(publicKey, (await readPushKey(homeDir)).publicKey);
  assert.equal((await stat(join(homeDir, ".roost/push-key"))).mode & 0o777, 0o600);
  for (const { body, authorization, topic } of service.pushed) {
    assert.equal(body, "");
    assert.match(String(topic), /^[\w-]{32}$/);
    checkVapid(authorization, { publicKey, audience: service.url });
  }
  await look();
  assert.equal(service.pushed.length, 3, "each once");

  isAway = true;
  await ask("Shall I?");
  await look();
  assert.equal(service.pushed.length, 4, "it is tried, and will be again");
  isAway = false;
  for (const { id } of await listQuestions(kernel, { states: ["open"] }))
    await client.answerQuestion({ questionId: id, answer: "no" });
  await kernel.database.query("update roost.dead_letter set retry_at = roost.now()");
  await look();
  assert.equal(service.pushed.length, 4, "a question that was answered wakes no browser");
  assert.deepEqual(await kernel.database.query("select 1 from roost.dead_letter"), []);
});

test("the key of pushes is whole or not there: one that a power cut left empty is made anew, and two that make it have one", async () => {
  await using gateway = await createTestGateway();
  const path = join(gateway.homeDir, ".roost/push-key");
  await writeFile(path, "\n", { mode: 0o600 });
  const keys = await Promise.all([1, 2, 3].map(() => readPushKey(gateway.homeDir)));
  const { publicKey } = await readPushKey(gateway.homeDir);
  assert.notEqual(publicKey, "");
  await rm(path);
  const made = await Promise.all([1, 2, 3].map(() => readPushKey(gateway.homeDir)));
  assert.equal(new Set(made.map((key) => key.publicKey)).size, 1);
  assert.ok(keys.length === 3 && publicKey !== made[0]?.publicKey);
  assert.deepEqual(
    (await readdir(dirname(path))).filter((name) => name.startsWith("push-key")),
    ["push-key"],
  );
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("a device removes its own browsers alone, the owner any, and a revoked device loses its own", async () => {
  await using gateway = await createTestGateway();
  const { kernel, client } = gateway;
  const pair = (name: string) => createToken(kernel, { name, kind: "device", scopes: ["*"], by: "person:owner" });
  const [phone, tablet] = [await pair("phone"), await pair("tablet")];
  const as = (made: { text: string }) => gateway.clientWith(made.text);
  const subscribe = async (of: { token: AccessToken; text: string }) => {
    const endpoint = `https://fcm.googleapis.com/fcm/send/${of.token.name}`;
    return (await as(of).subscribePush({ endpoint, name: of.token.name })).subscription;
  };
  const [mine, other] = [await subscribe(phone), await subscribe(tablet)];
  await assert.rejects(as(phone).unsubscribePush({ id: other.id }), { code: "not_found" });
  const listed = async (by: { text: string }) =>
    (await as(by).listPushSubscriptions()).items.map(({ name, isRemovable }) => [name, isRemovable]).toSorted();
  assert.deepEqual(await listed(phone), [
    ["phone", true],
    ["tablet", false],
  ]);
  await as(phone).unsubscribePush({ id: mine.id });
  await subscribe(phone);
  await client.revokeToken({ token: "tablet" });
  assert.deepEqual(await listed(phone), [["phone", true]]);
  const [left] = (await client.listPushSubscriptions()).items;
  assert.equal((await client.unsubscribePush({ id: left!.id })).subscription.name, "phone");
});

/** By the words of RFC 8292, with Node's own verification. */
function checkVapid(authorization: string, { publicKey, audience }: { publicKey: string; audience: string }): void {
  const [, token = "", key] = /^vapid t=([^,]+), k=(.+)$/.exec(authorization) ?? [];
  assert.equal(key, publicKey);
  const [head = "", claims = "", signature = ""] = token.split(".");
  const point = Buffer.from(publicKey, "base64url");
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((half) => half.toString("base64url"));
  const jwk = { kty: "EC", crv: "P-256", x: x!, y: y! };
  const isSigned = verify(
    "sha256",
    Buffer.from(`${head}.${claims}`),
    { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  const { aud, exp, sub } = JSON.parse(Buffer.from(claims, "base64url").toString()) as Record<string, unknown>;
  assert.deepEqual([isSigned, aud, typeof sub], [true, audience, "string"]);
  assert.ok(Number(exp) * 1_000 > systemClock.nowMs() && Number(exp) * 1_000 < systemClock.nowMs() + 24 * 3_600_000);
}

test("a browser subscribes at a push service that is known, is listed without its address, and stops", async () => {
  await using gateway = await createTestGateway();
  const { client } = gateway;
  const endpoint = "https://fcm.googleapis.com/fcm/send/its-own-words";
  const { subscription } = await client.subscribePush({ endpoint, name: "Chrome on Android" });
  const again = await client.subscribePush({ endpoint, name: "Chrome" });
  assert.equal(again.subscription.id, subscription.id);
  const { items } = await client.listPushSubscriptions();
  assert.deepEqual(
    items.map(({ name, service }) => [name, service]),
    [["Chrome", "fcm.googleapis.com"]],
  );
  assert.equal(JSON.stringify(items).includes("its-own-words"), false);
  for (const wrong of [
    "https://evil.example/x",
    "http://fcm.googleapis.com/x",
    "https://storage.googleapis.com/x",
    "https://:secret@fcm.googleapis.com/x",
    "https://fcm.googleapis.com.evil.example/",
  ])
    await assert.rejects(client.subscribePush({ endpoint: wrong, name: "x" }), { code: "invalid_input" });
  assert.equal(isPushService("https://updates.push.services.mozilla.com/wpush/v2/x"), true);
  await client.unsubscribePush({ id: subscription.id });
  await assert.rejects(client.unsubscribePush({ id: subscription.id }), { code: "not_found" });
});
