import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { addPushSubscription, listPushSubscriptions } from "@roost/access";
import { systemClock } from "@roost/base";
import { raiseNotice } from "@roost/kernel";
import { createPushLoops } from "../notices/create-push-loops.ts";
import { isPushService, readPushKey } from "../notices/send-push.ts";
import { createTestGateway } from "../testing/create-test-gateway.ts";

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
  await using service = await startPushService((path) => (path === "/gone" ? 410 : 201));
  await using gateway = await createTestGateway();
  const { kernel, client, homeDir } = gateway;
  const loops = createPushLoops(kernel, { homeDir, timeZone: "UTC", signal: new AbortController().signal });
  const look = async () => {
    for (const loop of loops) while ((await loop.look()).isMore === true);
  };
  const raise = (text: string) =>
    kernel.transact(async (tx) => raiseNotice(tx, { level: "warning", text, source: "test" }));
  await raise("before anybody takes pushes");
  await look();
  for (const path of ["/here", "/gone"])
    await addPushSubscription(kernel, { endpoint: service.url + path, name: path, by: "person:owner" });
  await raise("a secret of the home");
  await kernel.append([
    { type: "question.asked", subject: "q1", data: { questionId: "q1", prompt: "Another secret?", choices: ["yes"] } },
  ]);
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
  const endpoint = "https://fcm.googleapis.com/fcm/send/abc";
  const { subscription } = await client.subscribePush({ endpoint, name: "Chrome on Android" });
  const again = await client.subscribePush({ endpoint, name: "Chrome" });
  assert.equal(again.subscription.id, subscription.id);
  const { items } = await client.listPushSubscriptions();
  assert.deepEqual(
    items.map(({ name, service }) => [name, service]),
    [["Chrome", "fcm.googleapis.com"]],
  );
  assert.equal(JSON.stringify(items).includes("abc"), false);
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
