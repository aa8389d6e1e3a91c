/**
 * A home is upgraded process by process while it works: gateways behind a load balancer, schedulers, workers and services, as real processes of two
 * versions. Streams go on at another gateway. The relay's turn is in ../distributed/kafka.distributed.test.ts.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readGatewayUrl } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { createHttpClient } from "@roost/contract/client";
import { roostContract } from "@roost/contract/roost";
import { createRun, listRuns, listWorkers, readHomeVersion, readTopic } from "@roost/kernel";
import { testToken } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { openHouse } from "../../packages/worker/src/testing/open-house.ts";
import { countApples, writeApples } from "./apples.ts";
import { followStream } from "./follow-stream.ts";
import { startLoadBalancer } from "./load-balancer.ts";

const runCount = 60;
const nextVersion = ["--import", new URL("next-version.ts", import.meta.url).href];
const gateway = new URL("../../apps/gateway/src/main.ts", import.meta.url);
const scheduler = new URL("../../apps/scheduler/src/main.ts", import.meta.url);
const services = new URL("../../apps/services/src/main.ts", import.meta.url);
const callMs = 50;
const graceful = { ROOST_GRACE_MS: "60000", ROOST_PORT: "0", ROOST_CONCURRENCY: "4" };

/** Counts what reaches it, by body, and answers a moment later than it has counted. */
async function startCounter(t: TestContext) {
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += String(piece)));
    request.on("end", () => {
      counts.set(body, (counts.get(body) ?? 0) + 1);
      response.end("taken");
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  return { counts, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** As a browser does; returns its cookie. */
async function signIn(url: string, code: string): Promise<string> {
  const headers = { "content-type": "application/json", origin: "https://roost.example" };
  const answer = await fetch(`${url}/session`, { method: "POST", headers, body: JSON.stringify({ code }) });
  assert.equal(answer.status, 204, await answer.text());
  return answer.headers.getSetCookie()[0]!.split(";")[0]!;
}

/** Calls the service through the load balancer until it is told to stop. */
function keepCalling(url: string) {
  const statuses: number[] = [];
  let isOver = false;
  const call = async () => {
    while (!isOver) {
      statuses.push((await countApples(url, testToken)).status);
      // tidy: the pace of the load, for which nothing waits.
      await new Promise((resolve) => setTimeout(resolve, callMs));
    }
  };
  const ended = call();
  return {
    statuses,
    stop: () => {
      isOver = true;
      return ended;
    },
  };
}

test("A home is upgraded process by process under load: every run ends, ticks go on, calls of services are answered, streams go on at another gateway, and nothing that has a key is done twice", async (t) => {
  const outside = await startCounter(t);
  const listen = "listen:\n  names: [roost.example]\n  trustedProxies: [127.0.0.1]\n";
  await using house = await openHouse(`http:\n  allow: ["${outside.host}"]\nservices: [apples]\n${listen}`);
  await using balancer = await startLoadBalancer("roost.example");
  const { kernel, memory, model } = house;
  model.setScript(({ messages }) => {
    if (messages.some(({ role }) => role === "assistant")) return "done";
    const [, body] = /post (run-\d+)/.exec(JSON.stringify(messages)) ?? [];
    if (body === undefined) return "nothing to do";
    return { toolCalls: [{ name: "http_send", arguments: { url: `http://${outside.host}/`, body } }] };
  });
  await writeApples(memory.homeDir);
  await mkdir(join(memory.homeDir, "jobs"), { recursive: true });
  const job = "id: beat\ntrigger: { kind: every, every: 1s }\noverlap: allow\nprompt: beat\n";
  await writeFile(join(memory.homeDir, "jobs/beat.yaml"), job);
  await writeFile(join(memory.homeDir, ".roost/token"), `${testToken}\n`, { mode: 0o600 });
  let created = 0;
  const load = async (count: number) => {
    for (let one = 0; one < count; one += 1) {
      created += 1;
      const input = { prompt: `post run-${created}` };
      await kernel.transact((tx) => createRun(tx, { reason: "a test", agent: "main", sessionKind: "cron", input }));
    }
  };
  const addGateway = async (nodeOptions: string[] = []) => {
    const process = await house.start({ program: gateway, env: graceful, nodeOptions });
    balancer.gateways.push(await readGatewayUrl(memory.homeDir));
    return process;
  };
  const older = await addGateway();
  const olderServices = await house.start({ program: services });
  const olderScheduler = await house.start({ program: scheduler });
  const reconnect = { delayMsMin: 5, delayMsMax: 100, attemptsMax: 1_000 };
  const baseUrl = `${balancer.url}/api/v1`;
  const client = createHttpClient(roostContract, { baseUrl, token: testToken, reconnect });
  const streams = [
    followStream(t, (options) => client.tailEvents({}, options)),
    followStream(t, (options) => client.watchHome({}, options)),
  ];
  await Promise.all(streams.map(({ opened }) => opened));
  const cookie = await signIn(balancer.url, (await client.createSignInCode({})).code);
  const calling = keepCalling(balancer.url);
  const before = [await house.start({ env: graceful }), await house.start({ env: graceful })];
  const version = await readHomeVersion(kernel);
  await load(runCount / 3);
  await until(async () => outside.counts.size > 5);

  // The first process of the next version drains the workers of the one before, and is there itself.
  const after = [await house.start({ env: graceful, nodeOptions: nextVersion })];
  const home = await readHomeVersion(kernel);
  assert.notEqual(home, version);
  await until(async () => {
    const workers = (await listWorkers(kernel)).filter(({ kind }) => kind === "worker");
    return workers.every((one) => one.isDraining === (one.version === version));
  });
  await load(runCount / 3);
  before[0]!.kill("SIGTERM");
  assert.deepEqual(await before[0]!.ended, { code: 0, signal: null });
  after.push(await house.start({ env: graceful, nodeOptions: nextVersion }));
  const newer = await addGateway(nextVersion);
  older.kill("SIGTERM");
  await older.ended;
  const newerServices = await house.start({ program: services, nodeOptions: nextVersion });
  olderServices.kill("SIGTERM");
  assert.deepEqual(await olderServices.ended, { code: 0, signal: null });
  after.push(newerServices, await house.start({ program: scheduler, nodeOptions: nextVersion }));
  olderScheduler.kill("SIGTERM");
  assert.deepEqual(await olderScheduler.ended, { code: 0, signal: null });
  await load(runCount / 3);
  before[1]!.kill("SIGTERM");
  assert.deepEqual(await before[1]!.ended, { code: 0, signal: null });
  await calling.stop();
  const asked = await fetch(`${baseUrl}/status`, { headers: { cookie } });
  assert.equal(asked.status, 200, "a browser that signed in at a gateway that is gone is known at another");
  // One dies in the middle of everything: what is cut off then is asked for again by those who asked.
  after.push(await addGateway(nextVersion));
  newer.kill("SIGKILL");
  await newer.ended;

  const unended = async () =>
    (await listRuns(kernel, { limit: 500 })).filter(({ endedAt, jobId }) => endedAt === null && jobId === null);
  await until(async () => outside.counts.size === runCount && (await unended()).length === 0);
  assert.deepEqual([...new Set(outside.counts.values())], [1], "each effect once");
  const runs = (await listRuns(kernel, { limit: 500 })).filter(({ jobId }) => jobId === null);
  assert.deepEqual([runs.length, new Set(runs.map(({ state }) => state))], [runCount, new Set(["done"])]);
  const { events } = await readTopic(kernel.database, { topic: "jobs", limit: 1000, types: ["tick.fired"] });
  const moments = events.map(({ data }) => (data as { scheduledAt: string }).scheduledAt);
  assert.ok(moments.length > 3, `${moments.length} ticks`);
  assert.equal(new Set(moments).size, moments.length, "each moment once");
  assert.deepEqual([...new Set(calling.statuses)], [200], `${calling.statuses.length} calls of the service`);
  const heads = await kernel.database.query<{ place: string; next: number }>(
    "select topic || '/' || partition as place, next_offset as next from roost.partition_head where next_offset > 0",
  );
  const last = ({ offsets }: (typeof streams)[0], place: string) => offsets.get(place)?.at(-1) ?? -1;
  const isUpTo = (stream: (typeof streams)[0]) =>
    heads.every(({ place, next }) => !stream.offsets.has(place) || last(stream, place) >= next - 1);
  await until(async () => streams.some(({ failure }) => failure() !== undefined) || streams.every(isUpTo));
  assert.deepEqual(
    streams.map(({ failure }) => failure()),
    [undefined, undefined],
  );
  for (const { offsets } of streams) {
    assert.ok([...offsets.values()].flat().length > runCount);
    for (const [place, seen] of offsets)
      assert.deepEqual(
        seen,
        Array.from(seen, (_, at) => seen[0]! + at),
        `${place} without gap or repeat`,
      );
  }
  const notices = (await readTopic(kernel.database, { topic: "notices", limit: 100 })).events;
  t.diagnostic(`${moments.length} ticks; ${notices.map(({ data }) => (data as { text: string }).text).join(" | ")}`);
  await Promise.all(after.map((one) => (one.kill("SIGTERM"), one.ended)));
});
