import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { dropDeadLetters, listDeadLetters, raiseNotice, retryAgain, tellFailures, type Kernel } from "@roost/kernel";
import { createTestKernel } from "@roost/worker/testing";
import { createHookKey } from "@roost/access";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { createNoticeLoop, webhookOutlet } from "./create-notice-loop.ts";
import type { Webhook } from "./post-webhook.ts";

const running = new AbortController().signal;
const day = 86_400_000;

/** Answers with what `answer` says; 0: breaks the connection after reading. */
async function startWebhook(answer: (text: string) => number | Promise<number>) {
  const key = createHookKey();
  const received: { key: unknown; authorization: string | undefined; body: Record<string, unknown> }[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then(async (text) => {
      // The library of the rules is the second judge of each message: signature, id, and time of this attempt.
      const body = new StandardWebhook(key).verify(text, request.headers as Record<string, string>) as Record<
        string,
        unknown
      >;
      assert.equal(request.headers["webhook-id"], request.headers["idempotency-key"]);
      received.push({ key: request.headers["idempotency-key"], authorization: request.headers.authorization, body });
      const status = await answer(String(body["text"]));
      if (status === 0) return void request.socket.destroy();
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  return {
    webhook: async () => ({ url, key, token: "t0ken" }),
    received,
    texts: () => received.map(({ body }) => body["text"]),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
}

const raise = (kernel: Kernel, text: string, target?: "console") =>
  kernel.transact(async (tx) => raiseNotice(tx, { level: "warning", text, source: "test", target }));

/** One process's loop, as often as it has something to do. */
async function send(kernel: Kernel, webhook: (() => Promise<Webhook>) | undefined, signal = running): Promise<void> {
  const loop = createNoticeLoop(kernel, { outlet: webhookOutlet(webhook), timeZone: "UTC", signal });
  for (let look = await loop.look(); look.isMore === true; look = await loop.look());
}

async function told({ database }: Kernel): Promise<string[]> {
  const rows = await database.query<{ type: string; text: string | null }>(
    "select type, data ->> 'text' as text from roost.event where topic = 'notices' order by time, id",
  );
  return rows.map(({ type, text }) => (type === "notice.raised" ? (text ?? "") : type));
}

test("V: a notice goes to the webhook once, whichever part of Roost raised it, and what is for the console does not", async () => {
  await using t = await createTestKernel();
  await using receiver = await startWebhook(() => 204);
  const other = await t.openAnother();
  await raise(t.kernel, "a");
  await raise(t.kernel, "b", "console");
  await raise(t.kernel, "c");
  await Promise.all([t.kernel, other].map((kernel) => send(kernel, receiver.webhook)));
  assert.deepEqual(receiver.texts().toSorted(), ["a", "c"]);
  assert.equal(receiver.received[0]?.authorization, "Bearer t0ken");
  assert.equal((await told(t.kernel)).filter((text) => text === "notice.delivered").length, 2);
  await send(t.kernel, receiver.webhook);
  assert.equal(receiver.received.length, 2);
});

test("A webhook that is away gets each notice when it is back, under one key; its failure is told once, and its return", async () => {
  await using t = await createTestKernel();
  let status = 0;
  await using receiver = await startWebhook(() => status);
  await raise(t.kernel, "a");
  await raise(t.kernel, "b");
  for (let count = 0; count < 40; count += 1) {
    await send(t.kernel, receiver.webhook);
    await t.clock.advance(600_000);
  }
  const down = await told(t.kernel);
  assert.equal(down.filter((text) => text.startsWith("The webhook failed")).length, 1);
  assert.match(
    down.join("\n"),
    /The webhook failed 3 times since \w+day: The webhook 127\.0\.0\.1:\d+ cannot be reached: .*roost notices/,
  );
  assert.equal(down.filter((text) => text === "notice.failed").length, 2);
  assert.ok(!receiver.texts().some((text) => String(text).startsWith("The webhook failed")), "it went to the console");
  // A process that starts anew knows what is still to be sent.
  status = 200;
  await t.clock.advance(2 * 3_600_000);
  await send(await t.openAnother(), receiver.webhook);
  const keys = new Map(receiver.received.map(({ key, body }) => [body["text"], key]));
  for (const { key, body } of receiver.received) assert.equal(key, keys.get(body["text"]));
  const up = await told(t.kernel);
  assert.equal(up.filter((text) => text === "notice.delivered").length, 3, "that it is well goes there too");
  assert.equal(up.filter((text) => text.startsWith("The webhook is well again")).length, 1);
  assert.deepEqual(await listDeadLetters(t.database, { limit: 10 }), []);
});

test("V: a notice that no attempt of seven days delivers is a dead letter, beside others that arrive", async () => {
  await using t = await createTestKernel();
  await using receiver = await startWebhook((text) => (text === "poison" ? 413 : 200));
  await raise(t.kernel, "poison");
  let days = 0;
  for (; (await listDeadLetters(t.database, { limit: 1 }))[0]?.state !== "given_up" && days < 9; days += 70 / 1440) {
    await send(t.kernel, receiver.webhook);
    await t.clock.advance((day * 70) / 1440);
    if (days % 1 < 0.05) await raise(t.kernel, `fine ${days}`);
  }
  assert.ok(days > 6.5 && days < 8, `${days} days`);
  assert.ok(receiver.texts().filter((text) => text !== "poison").length >= 6);
  await t.clock.advance(10_000);
  await tellFailures(t.kernel);
  const [last] = (await told(t.kernel)).toReversed();
  assert.match(
    last ?? "",
    /^A notice could not be sent to the webhook in 1\d\d attempts: .*status 413\. roost log retry 1 tries again/,
  );
  await send(t.kernel, receiver.webhook);
  assert.ok(!receiver.texts().includes(last), "it went to the console");
  const triedCount = receiver.texts().filter((text) => text === "poison").length;
  await retryAgain(t.kernel, { group: "roost.notices" });
  await send(t.kernel, receiver.webhook);
  assert.equal(receiver.texts().filter((text) => text === "poison").length, triedCount + 1);
  await dropDeadLetters(t.kernel, { group: "roost.notices", by: "person:owner", reason: "old" });
});

test("Without a webhook nothing waits, and one that is set later is not sent what is past", async () => {
  await using t = await createTestKernel();
  await using receiver = await startWebhook(() => 500);
  await raise(t.kernel, "a");
  await send(t.kernel, receiver.webhook);
  assert.equal((await listDeadLetters(t.database, { limit: 10 })).length, 1);
  await raise(t.kernel, "b");
  await send(t.kernel, undefined);
  assert.deepEqual(await listDeadLetters(t.database, { limit: 10 }), []);
  await raise(t.kernel, "c");
  await send(t.kernel, receiver.webhook);
  assert.deepEqual(receiver.texts(), ["a", "c"]);
});

test("A token that cannot be read is the reason for which notices wait", async () => {
  await using t = await createTestKernel();
  await raise(t.kernel, "a");
  await send(t.kernel, () => {
    throw new Error("env:HOOK: the environment has no HOOK");
  });
  assert.match((await listDeadLetters(t.database, { limit: 1 }))[0]?.error?.message ?? "", /no HOOK/);
});

test("A notice whose sending a shutdown ends has not failed, and is sent under its key after the restart", async () => {
  await using t = await createTestKernel();
  const shutdown = new AbortController();
  await using receiver = await startWebhook(() => {
    if (shutdown.signal.aborted) return 200;
    shutdown.abort();
    return 0;
  });
  await raise(t.kernel, "a");
  await send(t.kernel, receiver.webhook, shutdown.signal);
  assert.deepEqual(await told(t.kernel), ["a"]);
  await t.clock.advance(61_000);
  await send(await t.openAnother(), receiver.webhook);
  assert.deepEqual(await told(t.kernel), ["a", "notice.delivered"]);
  assert.equal(receiver.received[0]?.key, receiver.received[1]?.key);
});

test("Many notices that a webhook does not take at one moment are not told as its failure", async () => {
  await using t = await createTestKernel();
  let status = 503;
  await using receiver = await startWebhook(() => status);
  for (const text of ["a", "b", "c", "d", "e"]) await raise(t.kernel, text);
  await send(t.kernel, receiver.webhook);
  status = 200;
  await t.clock.advance(2_000);
  await send(t.kernel, receiver.webhook);
  assert.deepEqual(
    (await told(t.kernel)).filter((text) => text.startsWith("The webhook")),
    [],
  );
});

test("A webhook that is back is sent at once what did not reach it, and not what it refused", async () => {
  await using t = await createTestKernel();
  const statuses = new Map([
    ["refused", 413],
    ["away", 500],
    ["later", 500],
  ]);
  await using receiver = await startWebhook((text) => statuses.get(text) ?? 200);
  const countOf = (text: string) => receiver.texts().filter((each) => each === text).length;
  await raise(t.kernel, "refused");
  await raise(t.kernel, "away");
  for (let count = 0; count < 6; count += 1) {
    await t.clock.advance(600_000);
    await send(t.kernel, receiver.webhook);
  }
  await raise(t.kernel, "later");
  await send(t.kernel, receiver.webhook);
  const triedCounts = [countOf("refused"), countOf("away")];
  statuses.delete("away");
  statuses.delete("later");
  await t.clock.advance(2_000);
  await send(t.kernel, receiver.webhook);
  assert.deepEqual([countOf("refused"), countOf("away") - 1], triedCounts);
});

test("A notice that is on its way is not sent again because another one arrives", async () => {
  await using t = await createTestKernel();
  const other = await t.openAnother();
  let isBack = false;
  await using receiver = await startWebhook(async (text) => {
    if (!isBack) return 500;
    if (text !== "slow" || receiver.texts().filter((each) => each === text).length > 2) return 200;
    await t.clock.advance(3_000);
    await send(other, receiver.webhook);
    return 200;
  });
  await raise(t.kernel, "other");
  await send(t.kernel, receiver.webhook);
  await t.clock.advance(2_000);
  await raise(t.kernel, "slow");
  await send(t.kernel, receiver.webhook);
  isBack = true;
  await t.clock.advance(2_000);
  await send(t.kernel, receiver.webhook);
  assert.deepEqual(receiver.texts(), ["other", "other", "slow", "slow", "other"]);
});
