import assert from "node:assert/strict";
import { request, type IncomingMessage } from "node:http";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { collect } from "../testing/collect.ts";
import { createTestGateway, testToken } from "../testing/create-test-gateway.ts";

const notice = (number: number, chars = 0) => ({
  type: "notice.raised",
  subject: `notice ${number}`,
  data: { noticeId: `notice ${number}`, level: "info", text: `${number} ${"x".repeat(chars)}` },
});

test("tailEvents() resumes without a gap or a repeat when the gateway is restarted", async () => {
  await using gateway = await createTestGateway();
  const { client, kernel } = gateway;
  const count = 60;
  const seen: string[] = [];
  let restarts = 0;
  await kernel.append([notice(0)]);
  for await (const { data } of client.tailEvents({ topics: ["notices"], last: 1 })) {
    seen.push(data.subject ?? "");
    if (seen.length === count) break;
    // While it is away, too.
    const isRestart = seen.length % 20 === 0;
    const restarting = isRestart ? gateway.restart() : undefined;
    await kernel.append([notice(seen.length)]);
    await restarting;
    if (isRestart) restarts += 1;
  }
  assert.equal(restarts, 2);
  assert.deepEqual(
    seen,
    Array.from({ length: count }, (_, number) => `notice ${number}`),
  );
});

test("tailEvents() resumes after every one of the events it began with", async () => {
  await using gateway = await createTestGateway();
  const { client, kernel } = gateway;
  for (let number = 0; number < 12; number += 1) await kernel.append([notice(number)]);
  const isLast = ({ data }: { data: { subject: string | null } }) => data.subject === "notice 11";
  const whole = await collect(client.tailEvents({ last: 10 }), isLast);
  assert.equal(whole.length, 10);
  for (const [index, item] of whole.slice(0, -1).entries()) {
    assert.ok(item.id);
    const rest = await collect(client.tailEvents({ last: 10, after: item.id }), isLast);
    assert.deepEqual(
      rest.map(({ data }) => data.id),
      whole.slice(index + 1).map(({ data }) => data.id),
    );
  }
});

test("tailEvents() misses nothing when the gateway is restarted before its first event", async () => {
  await using gateway = await createTestGateway();
  const { client, kernel } = gateway;
  const placed = Promise.withResolvers<string>();
  const stream = client.tailEvents({ topics: ["notices"] }, { onPlace: placed.resolve });
  const first = stream[Symbol.asyncIterator]().next();
  // A stream that is lost before its reader knows where it was begins anew.
  await placed.promise;
  await gateway.restart();
  const restarting = gateway.restart();
  await kernel.append([notice(1)]);
  await restarting;
  await kernel.append([notice(2)]);
  assert.equal((await first).value?.data.subject, "notice 1");
});

test("tailEvents() frees everything when its reader leaves", async () => {
  await using gateway = await createTestGateway();
  const readers = Array.from({ length: 20 }, () => new AbortController());
  const ended = readers.map(async ({ signal }) => {
    await assert.rejects(collect(gateway.client.tailEvents({}, { signal }), () => false));
  });
  await until(() => gateway.held().watches === readers.length);
  for (const reader of readers) reader.abort();
  await Promise.all(ended);
  await until(() => gateway.held().watches === 0);
});

test("tailEvents() waits for a reader that is slow and reads no further meanwhile", async () => {
  await using gateway = await createTestGateway();
  const { kernel } = gateway;
  const count = 400;
  for (let number = 0; number < count; number += 20)
    await kernel.append(Array.from({ length: 20 }, (_, index) => notice(number + index, 50_000)));
  let toldCount = 0;
  const response = await new Promise<IncomingMessage>((resolve) => {
    const headers = { authorization: `Bearer ${testToken}` };
    const path = "/api/v1/events?topics=notices&since=2000-01-01T00:00:00Z";
    request(`${gateway.url}${path}`, { headers }, resolve).end();
  });
  response.pause();
  const before = process.memoryUsage().rss;
  await kernel.append([notice(count)]);
  assert.ok(process.memoryUsage().rss - before < 100_000_000);
  for await (const part of response) {
    toldCount += String(part).split('"type":"notice.raised"').length - 1;
    if (toldCount > 300) break;
  }
  await until(() => gateway.held().watches === 0);
});

test("tailEvents() refuses topics that are not there and places that are none", async () => {
  await using gateway = await createTestGateway();
  const { client } = gateway;
  await assert.rejects(
    collect(client.tailEvents({ topics: ["nowhere"] }), () => true),
    { code: "not_found" },
  );
  await assert.rejects(
    collect(client.tailEvents({ after: "here" }), () => true),
    { code: "invalid_input" },
  );
});
