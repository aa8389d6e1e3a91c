import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { openLabels } from "@roost/contract/labels";
import { claimRuns, createRun, readTopic, registerWorker, type ClaimedRun, type Kernel } from "@roost/kernel";
import { createTestKernel } from "@roost/kernel/testing";
import { tellPerson } from "./tell-person.ts";

async function claimNew(kernel: Kernel): Promise<ClaimedRun> {
  await kernel.transact((tx) => createRun(tx, { reason: "a test", input: {} }));
  const worker = await registerWorker(kernel, { kind: "worker", host: "here", pid: 1 });
  const [run] = await claimRuns(kernel, { workerId: worker.workerId, queues: ["default"], limit: 1 });
  assert.ok(run);
  return run;
}

/** Answers with these statuses in order, the last one for all further requests; 0: breaks the connection after reading. */
async function startWebhook(statuses: number[], onRequest?: () => void) {
  const received: { key: string | undefined; authorization: string | undefined; body: Record<string, unknown> }[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const status = statuses[Math.min(received.length, statuses.length - 1)] ?? 200;
      const key = request.headers["idempotency-key"];
      received.push({
        key: key as string,
        authorization: request.headers.authorization,
        body: JSON.parse(body) as Record<string, unknown>,
      });
      onRequest?.();
      if (status === 0) return void request.socket.destroy();
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
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

async function noticeTypes(kernel: Kernel): Promise<string[]> {
  const { events } = await readTopic(kernel.database, { topic: "notices", limit: 100 });
  return events.map(({ type }) => type);
}

const signal = new AbortController().signal;
const notice = {
  text: "The video is ready",
  level: "info" as const,
  labels: openLabels,
  idempotencyKey: "run:1",
  signal,
  retryMs: 0,
};

test("tellPerson() records one notice per key, also without a webhook", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const run = await claimNew(kernel);
  for (let count = 0; count < 2; count += 1) {
    assert.equal(await tellPerson({ kernel, run, webhook: undefined, ...notice }), undefined);
  }
  assert.deepEqual(await noticeTypes(kernel), ["notice.raised", "notice.delivered"]);
});

test("tellPerson() sends each attempt under the same key, with the token, until one arrives", async () => {
  await using opened = await createTestKernel();
  await using webhook = await startWebhook([500, 0, 204]);
  const { kernel } = opened;
  const run = await claimNew(kernel);
  assert.equal(await tellPerson({ kernel, run, webhook: { url: webhook.url, token: "t0ken" }, ...notice }), undefined);
  assert.deepEqual(
    webhook.received.map(({ key }) => key),
    ["run:1", "run:1", "run:1"],
  );
  assert.equal(webhook.received[0]!.authorization, "Bearer t0ken");
  assert.deepEqual([webhook.received[2]!.body["text"], webhook.received[2]!.body["runId"]], [notice.text, run.id]);
  assert.deepEqual(await noticeTypes(kernel), ["notice.raised", "notice.delivered"]);
});

test("tellPerson() records a webhook that refuses or fails for long, and throws nothing", async () => {
  for (const [status, requestCount] of [
    [404, 1],
    [503, 3],
  ] as const) {
    await using opened = await createTestKernel();
    await using webhook = await startWebhook([status]);
    const { kernel } = opened;
    const run = await claimNew(kernel);
    const failure = await tellPerson({ kernel, run, webhook: { url: webhook.url }, ...notice });
    assert.match(failure ?? "", new RegExp(`status ${status}`));
    assert.equal(webhook.received.length, requestCount);
    assert.deepEqual(await noticeTypes(kernel), ["notice.raised", "notice.failed"]);
  }
});

test("tellPerson() that is aborted records no failure: the next attempt tells it", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const run = await claimNew(kernel);
  const stop = new AbortController();
  await using webhook = await startWebhook([0, 200], () => stop.abort(new Error("The worker stops")));
  const told = tellPerson({ kernel, run, webhook: { url: webhook.url }, ...notice, signal: stop.signal });
  await assert.rejects(told, { message: "The worker stops" });
  assert.deepEqual(await noticeTypes(kernel), []);
  assert.equal(await tellPerson({ kernel, run, webhook: { url: webhook.url }, ...notice }), undefined);
  assert.deepEqual(await noticeTypes(kernel), ["notice.raised", "notice.delivered"]);
});
