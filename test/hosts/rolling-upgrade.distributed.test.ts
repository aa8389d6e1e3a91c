/**
 * A home is upgraded process by process while it works: gateways behind a load balancer, workers, schedulers, services and relays to a real Kafka, several
 * of each, as real processes of two versions.
 */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readGatewayUrl, toRoostError } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { createHttpClient } from "@roost/contract/client";
import { roostContract } from "@roost/contract/roost";
import { createRun, listWorkers, readHomeVersion, readTopic, readTopics, type Kernel } from "@roost/kernel";
import { note, testEvents } from "@roost/kernel/testing/test-events";
import type { RoostClient } from "../../apps/cli/src/connect.ts";
import { testToken } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { openHouse } from "../../packages/worker/src/testing/open-house.ts";
import type { WorkerProcess } from "../../packages/worker/src/testing/start-worker-process.ts";
import { openKafkaWorld, type KafkaWorld } from "../distributed/kafka-world.ts";
import { requirePart } from "../infra/parts.ts";
import { countApples, writeApples } from "./apples.ts";
import { assertNoGaps, followStream, type FollowedStream } from "./follow-stream.ts";
import { signIn, startLoadBalancer } from "./load-balancer.ts";

const { skip } = await requirePart("kafka");
const runsPerPhase = 20;
const phaseCount = 3;
const workerCount = 2;
const nextVersion = ["--import", new URL("next-version.ts", import.meta.url).href];
const programOf = (app: string) => new URL(`../../apps/${app}/src/main.ts`, import.meta.url);
const callMs = 100;
/** No faster than they are answered, one after the other. */
const messageMs = 1_000;
const keyCount = 10;
/** Of what waits for relays that were killed, whose leases are 15 s long. */
const lagMsMin = 3_000;
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

/** Again and again until it is told to stop. */
function keepDoing(everyMs: number, work: (n: number) => Promise<void>) {
  let isOver = false;
  const go = async () => {
    for (let n = 0; !isOver; n += 1) {
      await work(n);
      // tidy: the pace of the load, for which nothing waits.
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  };
  const ended = go();
  return {
    stop: () => {
      isOver = true;
      return ended;
    },
  };
}

/** Calls of a service, messages and events, as clients and producers send them; each is repeated under its key until it is acknowledged. */
function startLoad({ url, client, kernel }: { url: string; client: RoostClient; kernel: Kernel }) {
  const statuses: number[] = [];
  const messages: string[] = [];
  const events: string[] = [];
  const all = [
    keepDoing(callMs, async () => void statuses.push((await countApples(url, testToken)).status)),
    keepDoing(messageMs, async (n) => {
      const text = `message ${n}`;
      const sent = await client
        .sendMessage({ sessionKey: "main", text, idempotencyKey: text })
        .catch((error: unknown) => assert.equal(toRoostError(error).code, "unavailable"));
      if (sent !== undefined) messages.push(text);
    }),
    keepDoing(callMs, async (n) => {
      const id = `note ${n}`;
      await kernel.append([{ ...note(n, `key ${n % keyCount}`), id }]);
      events.push(id);
    }),
  ];
  return { statuses, messages, events, stop: () => Promise.all(all.map(({ stop }) => stop())) };
}

test(
  "A home is upgraded process by process under load, every role: nothing acknowledged is lost, nothing with a key is done twice, order per key is kept, every run ends, and the lag to Kafka is told and recovers",
  { skip },
  async (t) => {
    const outside = await startCounter(t);
    // Who reads Kafka, with a database of its own.
    await using world = await openKafkaWorld();
    const listen = "listen:\n  names: [roost.example]\n  trustedProxies: [127.0.0.1]\n";
    await using house = await openHouse(`http:\n  allow: ["${outside.host}"]\nservices: [apples]\n${listen}`);
    await using balancer = await startLoadBalancer("roost.example");
    const { kernel, memory, model } = house;
    model.setScript(({ messages }) => {
      if (messages.at(-1)?.role === "tool") return "done";
      const [, body] = /post (run-\d+)/.exec(JSON.stringify(messages.at(-1))) ?? [];
      if (body === undefined) return "nothing to do";
      return { toolCalls: [{ name: "http_send", arguments: { url: `http://${outside.host}/`, body } }] };
    });
    await kernel.registry.register(testEvents);
    await writeApples(memory.homeDir);
    await mkdir(join(memory.homeDir, "jobs"), { recursive: true });
    const job = "id: beat\ntrigger: { kind: every, every: 1s }\noverlap: allow\nprompt: beat\n";
    await writeFile(join(memory.homeDir, "jobs/beat.yaml"), job);
    await writeFile(join(memory.homeDir, ".roost/token"), `${testToken}\n`, { mode: 0o600 });
    let created = 0;
    const createRuns = async () => {
      for (let one = 0; one < runsPerPhase; one += 1) {
        created += 1;
        const input = { prompt: `post run-${created}` };
        await kernel.transact((tx) => createRun(tx, { reason: "a test", agent: "main", sessionKind: "cron", input }));
      }
    };
    const starts = {
      worker: (nodeOptions: string[]) => house.start({ env: graceful, nodeOptions }),
      async gateway(nodeOptions: string[]) {
        const process = await house.start({ program: programOf("gateway"), env: graceful, nodeOptions });
        balancer.gateways.push(await readGatewayUrl(memory.homeDir));
        return process;
      },
      services: (nodeOptions: string[]) => house.start({ program: programOf("services"), nodeOptions }),
      scheduler: (nodeOptions: string[]) => house.start({ program: programOf("scheduler"), nodeOptions }),
      relay: (nodeOptions: string[]) =>
        house.start({
          program: programOf("relay"),
          env: { KAFKA_BROKERS: world.real.brokers.join(",") },
          nodeOptions,
        }),
    };
    type Role = keyof typeof starts;
    const older: { role: Role; process: WorkerProcess }[] = [];
    const newer: WorkerProcess[] = [];
    // Each tells its address in the same file.
    for (let n = 0; n < 2; n += 1) older.push({ role: "gateway", process: await starts.gateway([]) });
    const others = (["services", "scheduler", "relay"] as const).flatMap((role) => [role, role]);
    older.push(...(await Promise.all(others.map(async (role) => ({ role, process: await starts[role]([]) })))));
    const replace = async ({ role, process }: (typeof older)[0]) => {
      const next = await starts[role](nextVersion);
      newer.push(next);
      process.kill("SIGTERM");
      assert.deepEqual(await process.ended, { code: 0, signal: null });
      return next;
    };

    const reconnect = { delayMsMin: 5, delayMsMax: 100, attemptsMax: 1_000 };
    const baseUrl = `${balancer.url}/api/v1`;
    const client = createHttpClient(roostContract, { baseUrl, token: testToken, reconnect });
    const streams = [
      followStream(t, (options) => client.tailEvents({}, options)),
      followStream(t, (options) => client.watchHome({}, options)),
    ];
    await Promise.all(streams.map(({ opened }) => opened));
    const cookie = await signIn(balancer, (await client.createSignInCode({})).code);
    const topics = [...(await readTopics(kernel.database)).keys()];
    const consumer = world.startConsumer({ topics: topics.map((topic) => `roost.${topic}`), group: "elsewhere" });
    const workers = await Promise.all(
      Array.from({ length: workerCount }, async () => ({ role: "worker" as const, process: await starts.worker([]) })),
    );
    const version = await readHomeVersion(kernel);
    const load = startLoad({ url: balancer.url, client, kernel });
    await createRuns();
    await until("runs have begun", async () => outside.counts.size > 5);

    // The first process of the next version drains the workers of the one before, and is there itself.
    newer.push(await starts.worker(nextVersion));
    assert.notEqual(await readHomeVersion(kernel), version);
    await until("the older workers are drained", async () => {
      const all = (await listWorkers(kernel)).filter(({ kind }) => kind === "worker");
      return all.every((one) => one.isDraining === (one.version === version));
    });
    await createRuns();
    for (const each of workers) await replace(each);
    const relays = older.filter(({ role }) => role === "relay");
    for (const each of older) if (each.role !== "relay") await replace(each);
    const asked = await fetch(`${baseUrl}/status`, { headers: { cookie } });
    assert.equal(asked.status, 200, "a browser that signed in at a gateway that is gone is known at another");
    await createRuns();
    const shipping = [await replace(relays[0]!), await replace(relays[1]!)];
    // Their machines lose their power: what they had waits for their leases to end, and is told meanwhile.
    for (const each of shipping) {
      each.kill("SIGKILL");
      await each.ended;
    }
    newer.push(await starts.relay(nextVersion));
    const lagMs = await until("the lag is told", async () => {
      const { kafka } = await client.getStatus({});
      return kafka !== undefined && (kafka.relay.lagMs ?? 0) > lagMsMin && kafka.relay.lagMs!;
    });
    // And a gateway, in the middle of calls: what is cut off is asked again by those who asked.
    newer.push(await starts.gateway(nextVersion));
    const dying = newer.find(({ child }) => child.spawnargs.some((each) => each.includes("gateway")))!;
    dying.kill("SIGKILL");
    await dying.ended;
    await load.stop();
    await client.pauseJob({ jobId: "beat" });

    await until("every run has ended", async () => (await unended(kernel)) === 0);
    assert.deepEqual([...new Set(outside.counts.values())], [1], "each effect once");
    assert.equal(outside.counts.size, phaseCount * runsPerPhase);
    const states = await kernel.database.query<{ state: string; count: number }>(
      "select state, count(*)::int as count from roost.run_all where reason = 'a test' group by state",
    );
    assert.deepEqual(states, [{ state: "done", count: created }]);
    const moments = await readMoments(kernel);
    assert.ok(moments.length > 3, `${moments.length} ticks`);
    assert.equal(new Set(moments).size, moments.length, "each moment once");
    // A call whose gateway was killed has no status.
    assert.deepEqual(
      [...new Set(load.statuses)].filter((status) => status !== 0),
      [200],
    );
    assert.ok(load.statuses.filter((status) => status === 0).length <= 1, "only those that the killed one had");
    await assertMessages(kernel, load.messages);
    await assertEvents(kernel, load.events);
    await untilUpToDate(kernel, streams);
    const shipped = await untilActedElsewhere(kernel, world);
    await until("the lag is gone", async () => (await client.getStatus({})).kafka?.relay.lagCount === 0);
    t.diagnostic(
      `${newer.length} processes; ${moments.length} ticks, ${load.messages.length} messages, ${load.events.length} events, ${load.statuses.length} calls of the service; ${shipped} events acted elsewhere, the lag was ${lagMs} ms`,
    );
    await consumer.stop();
    await Promise.all(newer.map((one) => (one.kill("SIGTERM"), one.ended)));
  },
);

async function unended({ database }: Kernel): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    "select count(*)::int as count from roost.run where ended_at is null",
  );
  return row!.count;
}

async function readMoments({ database }: Kernel): Promise<string[]> {
  const { events } = await readTopic(database, { topic: "jobs", limit: 1000, types: ["tick.fired"] });
  return events.map(({ data }) => (data as { scheduledAt: string }).scheduledAt);
}

/** Each that was acknowledged is there once and in its order, and each that is there was answered before the next one. */
async function assertMessages({ database }: Kernel, acknowledged: readonly string[]): Promise<void> {
  const rows = await database.query<{ role: string; text: string }>(
    "select role, text from memory.message where session_key = 'main' order by seq",
  );
  const asked = rows.filter(({ role }) => role === "user").map(({ text }) => text);
  assert.equal(new Set(asked).size, asked.length, "none twice");
  const there = new Set(asked);
  assert.deepEqual(
    acknowledged.filter((text) => !there.has(text)),
    [],
  );
  assert.deepEqual(
    asked,
    asked.toSorted((a, b) => Number(a.slice(8)) - Number(b.slice(8))),
  );
  const answered = rows.filter(({ role }) => role === "assistant").length;
  assert.equal(answered, asked.length, "each was answered");
}

/** Each that was acknowledged is in the log once, those of one key in their order. */
async function assertEvents({ database }: Kernel, acknowledged: readonly string[]): Promise<void> {
  const rows = await database.query<{ id: string; subject: string; n: number }>(
    `select id, subject, (data ->> 'n')::int as n from roost.event where topic = 'notes' order by partition, "offset"`,
  );
  assert.deepEqual(rows.map(({ id }) => id).toSorted(), acknowledged.toSorted());
  for (const [key, events] of Map.groupBy(rows, ({ subject }) => subject)) {
    const ns = events.map(({ n }) => n);
    assert.deepEqual(
      ns,
      ns.toSorted((a, b) => a - b),
      key,
    );
  }
}

async function readHeads({ database }: Kernel): Promise<{ place: string; next: number }[]> {
  return await database.query(
    "select topic || '/' || partition as place, next_offset as next from roost.partition_head where next_offset > 0",
  );
}

/** All that they brought is without gap or repeat. */
async function untilUpToDate(kernel: Kernel, streams: readonly FollowedStream[]): Promise<void> {
  await until("the streams have what the log has", async () => {
    const heads = await readHeads(kernel);
    return streams.every(
      ({ offsets, failure }) =>
        failure() !== undefined ||
        heads.every(({ place, next }) => !offsets.has(place) || offsets.get(place)!.at(-1)! >= next - 1),
    );
  });
  for (const stream of streams) {
    assert.ok([...stream.offsets.values()].flat().length > runsPerPhase);
    assertNoGaps(stream);
  }
}

/** Every event of every topic took effect once, in the order of its partition. Resolves to how many. */
async function untilActedElsewhere(kernel: Kernel, { database }: KafkaWorld): Promise<number> {
  return await until("all that the log has took effect elsewhere", async () => {
    const heads = await readHeads(kernel);
    const rows = await database.query<{ place: string; offset: number }>(
      `select topic || '/' || partition as place, at_offset as "offset" from effect order by number`,
    );
    const byPlace = Map.groupBy(rows, ({ place }) => place);
    for (const [place, effects] of byPlace)
      assert.deepEqual(
        effects.map(({ offset }) => offset),
        [...effects.keys()],
        place,
      );
    const isAll = heads.every(({ place, next }) => (byPlace.get(place)?.length ?? 0) >= next);
    return isAll && rows.length;
  });
}
