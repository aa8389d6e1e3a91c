/** Channels over HTTP, and notices and answers of jobs that go to the person's chat. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startBotApi } from "@roost/channels/testing";
import { silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { raiseNotice, type Kernel } from "@roost/kernel";
import { openMemory } from "@roost/memory";
import { createNoticeLoop, type Outlet } from "../notices/create-notice-loop.ts";
import { openChannels } from "../open-channels.ts";
import { createTestGateway } from "../testing/create-test-gateway.ts";

async function send(kernel: Kernel, outlet: Outlet): Promise<void> {
  const loop = createNoticeLoop(kernel, { outlet, timeZone: "UTC", signal: new AbortController().signal });
  for (let look = await loop.look(); look.isMore === true; look = await loop.look());
}

test("A code of createPairing() binds the chat; peers are listed, allowed and refused; what names telegram is sent there once", async () => {
  await using server = await startBotApi();
  const files = {
    "roost.yaml": `channels: { telegram: { token: "file:bot", apiUrl: "${server.url}" } }\n`,
    bot: `${server.token}\n`,
  };
  await using gateway = await createTestGateway({ files });
  const { client, kernel, homeDir, memory } = gateway;
  const channels = await openChannels(memory, {});
  const [outlet] = channels.outlets;
  const raise = (text: string, target?: string) =>
    kernel.transact(async (tx) => {
      if (target === undefined) return raiseNotice(tx, { level: "warning", text, source: "test" });
      const noticeId = kernel.createId();
      tx.emit({ type: "notice.raised", subject: noticeId, data: { noticeId, level: "info", text, target } });
    });
  await raise("before anything was bound", "telegram");
  await send(kernel, outlet!);
  assert.match(
    (await client.getStatus()).alarms.map(({ text }) => text).join("\n"),
    /Notices for telegram: 1 waiting: no chat/,
  );

  const stopping = new AbortController();
  const running = channels.run(stopping.signal);
  try {
    assert.deepEqual(
      (await client.listChannels()).items.map(({ state, boundTo }) => [state, boundTo]),
      [["running", null]],
    );
    const { code } = await client.createPairing({ channel: "telegram" });
    server.say({ chat: "52", text: "hello" });
    server.say({ chat: "41", text: code });
    await until(() => server.shown("41").length === 1);
    const { items: peers } = await client.listPeers({ channel: "telegram" });
    assert.deepEqual(
      peers.map(({ name, standing, refusedCount }) => [name, standing, refusedCount]),
      [
        ["person41", "owner", 0],
        ["person52", "refused", 1],
      ],
    );
    assert.equal((await client.listChannels()).items[0]?.boundTo, "Person 41");
    const { peer } = await client.changePeer({ channel: "telegram", peer: "person52", standing: "guest" });
    assert.equal(peer.standing, "guest");
    await assert.rejects(client.changePeer({ channel: "telegram", peer: "41", standing: "guest" }), {
      code: "conflict",
    });
  } finally {
    stopping.abort();
    await running;
  }
  await gateway.test.clock.advance(60_000);
  await raise("the nightly report", "telegram");
  await raise("a job failed");
  await raise("for the console", "console");
  await raise("for the webhook", "webhook");
  await send(kernel, outlet!);
  // Another process, after a restart.
  await using again = await openMemory({ kernel, homeDir, logger: silentLogger, migrate: false, scan: false });
  await send(kernel, (await openChannels(again, {})).outlets[0]!);
  const texts = server
    .shown("41")
    .map(({ text }) => text)
    .slice(1);
  assert.deepEqual(texts.toSorted(), ["a job failed", "before anything was bound", "the nightly report"]);
  const { items } = await client.listNotices();
  assert.equal(items.filter(({ state }) => state === "delivered").length, 3);
});

test("A channel that the settings gain while the gateway runs is read and told at once, and one that they lose is not any more", async () => {
  await using server = await startBotApi();
  await using gateway = await createTestGateway({ files: { bot: `${server.token}\n` } });
  const { client, kernel, memory } = gateway;
  const channels = await openChannels(memory, {});
  const stopping = new AbortController();
  const running = channels.run(stopping.signal);
  try {
    assert.deepEqual(channels.names(), []);
    await channels.apply({ telegram: { token: "file:bot", apiUrl: server.url } });
    assert.deepEqual(channels.names(), ["telegram"]);
    const { code } = await client.createPairing({ channel: "telegram" });
    server.say({ chat: "41", text: code });
    await until(() => server.shown("41").length === 1);
    const noteOf = (text: string) =>
      kernel.transact((tx) => Promise.resolve(raiseNotice(tx, { level: "warning", text, source: "test" })));
    const loop = createNoticeLoop(kernel, { outlet: channels.outlets[0]!, timeZone: "UTC", signal: stopping.signal });
    const look = async () => {
      for (let looked = await loop.look(); looked.isMore === true; looked = await loop.look());
    };
    await look();
    await noteOf("a job failed");
    await look();
    assert.equal(server.shown("41").at(-1)?.text, "a job failed");
    await channels.apply({});
    assert.deepEqual(channels.names(), []);
    await noteOf("no chat is told this");
    await look();
    const { length } = server.calls;
    server.say({ chat: "41", text: "is anybody there?" });
    assert.equal(server.calls.length, length, "no process polls");
    await channels.apply({ telegram: { token: "file:bot", apiUrl: server.url } });
    await until(() => server.unconfirmed() === 0);
    assert.equal(server.shown("41").at(-1)?.text, "a job failed");
  } finally {
    stopping.abort();
    await running;
  }
});
