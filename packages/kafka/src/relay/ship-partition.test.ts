import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError, silentLogger } from "@roost/base";
import { createTestKernel } from "@roost/kernel/testing";
import { groupTestEvents, note } from "@roost/kernel/testing/test-events";
import type { ReceivedRecord } from "../client/fetch-records.ts";
import type { Kafka, KafkaRecord } from "../client/open-kafka.ts";
import { createLeases } from "../leases.ts";
import { migrateKafka } from "../migrate-kafka.ts";
import { placeOf } from "../records.ts";
import { readKafkaStatus } from "../read-kafka-status.ts";
import { runRelay } from "./run-relay.ts";
import { createSchemaIds } from "./schema-ids.ts";
import { declareRelay, relayGroup } from "./lock-place.ts";
import { shipPartition } from "./ship-partition.ts";

/** What a broker takes at once by default. */
const brokerBytesMax = 1_048_588;

/** A log with one event, a relay that has its partition, and that partition in a Kafka that is in memory. */
async function openWorld() {
  await using opened = new AsyncDisposableStack();
  const { kernel, database } = opened.use(await createTestKernel({ events: groupTestEvents }));
  await migrateKafka(database);
  await declareRelay(database, ["notes"]);
  const append = async (...texts: string[]) =>
    void (await kernel.append(texts.map((text, n) => ({ ...note(n, "s"), data: { n, text } }))));
  await append("first");
  const [of] = await database.query<{ topic: string; partition: number }>(
    "select topic, partition from roost.event where topic = 'notes'",
  );
  const leases = createLeases(database, { purpose: "relay", owner: kernel.createId(), leaseMs: 60_000 });
  const [leased] = await leases.claim([of!]);
  const inKafka = { topic: "roost.notes", partition: of!.partition };
  const records: ReceivedRecord[] = [];
  const sends: number[] = [];
  const world = {
    kernel,
    database,
    append,
    sends,
    records,
    /** Whether Kafka has the topic. */
    isThere: true,
    release: () => leases.release(),
    relay: (signal: AbortSignal) =>
      runRelay({ ...shipping, settings: { topicPrefix: "roost.", topics: ["notes"] }, signal, logger: silentLogger }),
    onSent: () => {},
    onAsked: () => {},
    /** While a relay asks where Kafka's partition ends. */
    meanwhile: async () => {},
    ship: () => shipPartition(shipping, { ...leased!, kafkaTopic: inKafka.topic }, new Map()),
    shipped: () => records.map((record) => `${placeOf(record)!.generation}/${placeOf(record)!.offset}`),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
  const kafka = {
    async ensureTopics() {
      world.onAsked();
      world.isThere = true;
    },
    async readRanges() {
      const { meanwhile } = world;
      world.meanwhile = async () => {};
      await meanwhile();
      return [{ ...inKafka, startOffset: 0, endOffset: records.length }];
    },
    fetch: async ([from]: { offset: number }[]) => [
      { records: records.slice(from!.offset), nextOffset: records.length },
    ],
    async send(_to: unknown, given: readonly KafkaRecord[]) {
      const texts = given.flatMap(({ value, headers }) => [value ?? "", ...Object.entries(headers).flat()]);
      const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
      if (!world.isThere) throw new RoostError("unavailable", "there is no such topic");
      assert.ok(bytes < brokerBytesMax, `${bytes} bytes at once`);
      sends.push(given.length);
      for (const { value, headers } of given)
        records.push({
          ...inKafka,
          offset: records.length,
          key: null,
          value: Buffer.from(value ?? ""),
          headers: new Map(Object.entries(headers)),
        });
      world.onSent();
    },
  };
  const shipping = {
    kernel,
    leases,
    schemaIds: createSchemaIds(kernel),
    log: "log-1",
    signal: new AbortController().signal,
    kafka: kafka as unknown as Kafka,
  };
  const closing = opened.move();
  return world;
}

test("What is sent at once fits into what a broker takes, whatever its letters", async () => {
  await using world = await openWorld();
  await world.append("a".repeat(300_000), "я".repeat(350_000), "語".repeat(320_000), "b", "c".repeat(990_000));
  await world.ship();
  assert.deepEqual(world.shipped(), ["1/0", "1/1", "1/2", "1/3", "1/4", "1/5"]);
  assert.deepEqual(world.sends, [2, 1, 1, 1, 1]);
});

test("What is appended, shipped or taken by retention while a relay reads Kafka back begins no new generation", async () => {
  await using world = await openWorld();
  await world.append("second");
  await world.ship();
  world.meanwhile = async () => {
    await world.append("third");
    // Another that was frozen, and thinks that it has the partition.
    await world.ship();
    await world.database.query(`delete from roost.event where topic = 'notes' and "offset" = 0`);
  };
  await world.ship();
  await world.append("fourth");
  await world.ship();
  assert.deepEqual(world.shipped(), ["1/0", "1/1", "1/2", "1/3"]);
});

test("A topic that is deleted in Kafka is made again while the relay runs, and gets what the log still has", async () => {
  await using world = await openWorld();
  await world.release();
  const stop = new AbortController();
  const sent = async (begin: () => unknown) => {
    const next = Promise.withResolvers<void>();
    world.onSent = next.resolve;
    await begin();
    await next.promise;
  };
  let running: Promise<void> | undefined;
  await sent(() => void (running = world.relay(stop.signal)));
  world.isThere = false;
  world.records.length = 0;
  await sent(() => world.append("second"));
  assert.deepEqual(world.shipped(), ["1/0", "1/1"]);
  stop.abort();
  await running;
});

test("Records that arrived though no answer said so are shipped, without waiting for another event", async () => {
  await using world = await openWorld();
  world.onSent = () => {
    throw new RoostError("timeout", "the answer was lost");
  };
  await assert.rejects(world.ship(), /the answer was lost/);
  const cursor = () =>
    world.database.query("select next_offset as next from roost.cursor where group_name = $1", [relayGroup]);
  assert.deepEqual(await cursor(), [{ next: 0 }]);
  world.onSent = () => assert.fail("nothing is left to send");
  await world.ship();
  assert.deepEqual(await cursor(), [{ next: 1 }]);
});

test("A relay that cannot reach Kafka says what waits and why, and gives its partitions back for others", async () => {
  await using world = await openWorld();
  await world.release();
  const stop = new AbortController();
  const askedAgain = Promise.withResolvers<void>();
  let asked = 0;
  world.onAsked = () => {
    asked += 1;
    if (asked === 3) askedAgain.resolve();
    throw new RoostError("unavailable", "no broker answers");
  };
  const running = world.relay(stop.signal);
  await askedAgain.promise;
  const leases = await world.database.query("select owner from kafka.lease where owner is not null");
  assert.deepEqual(leases, []);
  const { relay } = (await readKafkaStatus(world.database))!;
  assert.deepEqual([relay.lagCount, relay.heldCount, relay.error], [1, 0, "no broker answers"]);
  stop.abort();
  await running;
});
