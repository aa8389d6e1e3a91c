/** From the log through the relay and a real Kafka to a consumer: once, in order, whatever is stopped or killed on the way. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { listDeadLetters, retryAgain } from "@roost/kernel";
import { openKafka } from "../../packages/kafka/src/client/open-kafka.ts";
import { ingest } from "../../packages/kafka/src/consume/ingest.ts";
import { readKafkaStatus } from "../../packages/kafka/src/read-kafka-status.ts";
import { openPlainClients } from "../../packages/kafka/src/testing/open-plain-clients.ts";
import { requirePart } from "../infra/parts.ts";
import { leaseMs, openKafkaWorld } from "./kafka-world.ts";

const { skip } = await requirePart("kafka");

test(
  "Events reach Kafka in binary mode in the log's partitions, and a consumer once and in order",
  { skip },
  async () => {
    await using world = await openKafkaWorld();
    await world.append(120);
    await world.startRelay();
    const consumer = world.startConsumer();
    await world.untilAllTaken();
    await world.append(80);
    await world.untilAllTaken();
    await world.assertOnceInOrder();
    const ranges = await world.kafka.readRanges(["roost.notes"]);
    const fetched = await world.kafka.fetch(ranges.map((range) => ({ ...range, offset: 0 })));
    const [event] = await world.database.query<{ id: string; subject: string }>(
      `select id, subject from roost.event where topic = 'notes' and partition = $1 and "offset" = 0`,
      [fetched[0]!.partition],
    );
    const { key, value, headers } = fetched[0]!.records[0]!;
    assert.equal(String(key), event!.subject);
    assert.equal(typeof JSON.parse(String(value)).n, "number");
    const expected = {
      ce_specversion: "1.0",
      ce_id: event!.id,
      ce_type: "note.written",
      ce_correlationid: event!.id,
      ce_roostlog: "log-1",
    };
    for (const [name, text] of Object.entries(expected)) assert.equal(headers.get(name), text);
    assert.match(headers.get("ce_dataschema")!, /^urn:roost:schema:note\.written:1:[0-9a-f]{64}$/);
    assert.equal(headers.get("ce_roostlabels"), "aud:main trust:untrusted");
    assert.equal((await readKafkaStatus(world.database))!.relay.lagCount, 0);
    await consumer.stop();
  },
);

test(
  "A relay that is frozen for twice its lease in the middle of a batch makes nothing act twice",
  { skip },
  async () => {
    await using world = await openKafkaWorld();
    const frozen = await world.startRelay();
    const consumer = world.startConsumer();
    await world.append(100);
    await world.untilAllTaken();
    let isFrozen = false;
    const load = (async () => {
      while (!isFrozen) await world.append(200);
    })();
    // In the middle: something was shipped since, and much is left.
    await until("something more is shipped", async () => (await world.effects()).length > 600);
    frozen.kill("SIGSTOP");
    isFrozen = true;
    await load;
    const startedMs = performance.now();
    await world.startRelay();
    await world.untilAllTaken();
    await until("twice the lease", async () => performance.now() - startedMs > 2 * leaseMs);
    frozen.kill("SIGCONT");
    await world.append(300);
    await world.untilAllTaken();
    await until("the frozen one has said what it had", async () => performance.now() - startedMs > 4 * leaseMs);
    await world.untilAllTaken();
    await world.assertOnceInOrder();
    await consumer.stop();
  },
);

test("Records that Kafka has twice, out of order, act once and in order", { skip }, async () => {
  await using world = await openKafkaWorld();
  await world.startRelay();
  await world.append(60);
  const recordCount = async () =>
    (await world.kafka.readRanges(["roost.notes"])).reduce((sum, { endOffset }) => sum + endOffset, 0);
  await until("all is shipped", async () => (await recordCount()) === 60);
  // What a frozen relay may add: a batch of before, behind later ones.
  for (const { topic, partition } of await world.kafka.readRanges(["roost.notes"])) {
    const [fetched] = await world.kafka.fetch([{ topic, partition, offset: 0 }]);
    const again = fetched!.records.map(({ key, value, headers }) => ({
      key,
      value,
      headers: Object.fromEntries(headers),
    }));
    if (again.length > 0) await world.kafka.send({ topic, partition }, again, { deadlineMs: 10_000 });
  }
  const consumer = world.startConsumer();
  await world.untilAllTaken();
  await world.append(60);
  await world.untilAllTaken();
  await world.assertOnceInOrder();
  await consumer.stop();
});

test(
  "A broker killed, then all of them: nothing is lost, order holds, the lag is shown and recovers",
  { skip },
  async (t) => {
    await using world = await openKafkaWorld({ brokers: 3 });
    await world.startRelay();
    const consumer = world.startConsumer();
    await world.append(200);
    await world.untilAllTaken();
    const oneMs = performance.now();
    await world.real.kill(1);
    await world.append(400);
    await world.untilAllTaken();
    t.diagnostic(
      `one of three brokers killed: ${Math.round(performance.now() - oneMs)} ms until 400 further events took effect`,
    );
    for (const broker of [2, 3]) await world.real.kill(broker);
    await world.append(400);
    await world.untilLagIsTold();
    const allMs = performance.now();
    await Promise.all([1, 2, 3].map((broker) => world.real.start(broker)));
    await world.untilAllTaken();
    t.diagnostic(
      `all brokers killed: ${Math.round(performance.now() - allMs)} ms from their start until all took effect`,
    );
    await world.assertOnceInOrder();
    await world.untilLagIsGone();
    await consumer.stop();
  },
);

test(
  "Foreign events enter once, what does not fit goes to the dead letters with the reason, and comes back when it does",
  { skip },
  async () => {
    await using world = await openKafkaWorld();
    await world.kafka.ensureTopics([{ name: "orders", partitions: 1 }]);
    const send = (id: string, type: string, value: string) =>
      world.kafka.send(
        { topic: "orders", partition: 0 },
        [{ key: "k", value, headers: { ce_specversion: "1.0", ce_id: id, ce_type: type, ce_source: "shop" } }],
        { deadlineMs: 10_000 },
      );
    await send("1", "note.written", '{"n":1}');
    await send("1", "note.written", '{"n":1}');
    await send("2", "note.written", '{"n":"two"}');
    await send("3", "run.started", "{}");
    await send("4", "order.placed", '{"total":4}');
    await send("5", "note.written", "\u0000 not JSON");
    await send("6", "note.written", '{"n":6}');
    const consumer = world.startConsumer({ handle: ingest, group: "kafka-ingest", topics: ["orders"] });
    const entered = () =>
      world.database.query<{ id: string; source: string; labels: number }>(
        `select e.id, e.source, s.text as labels from roost.event e join roost.label_set s on s.number = e.labels where source = 'shop' order by topic, partition, "offset"`,
      );
    const letters = () => listDeadLetters(world.database, { group: "kafka-ingest", limit: 10 });
    await until("all are judged", async () => (await entered()).length === 2 && (await letters()).length === 4);
    assert.deepEqual((await entered()).map(({ id }) => id).toSorted(), ["1", "6"]);
    assert.match(String((await entered())[0]!.labels), /src:import:kafka:orders trust:untrusted/);
    const reasons = (await letters()).map(({ eventId, state, error }) => `${eventId} ${state} ${error?.message}`);
    assert.match(reasons[0]!, /^2 given_up .*not valid against version 1/);
    assert.match(reasons[1]!, /^3 given_up .*Roost's own/);
    assert.match(reasons[2]!, /^4 given_up .*"order\.placed" is not registered/);
    assert.match(reasons[3]!, /^5 given_up .*not JSON/);
    const [dead] = await world.kafka.fetch([{ topic: "dead", partition: 0, offset: 0 }]);
    const deadAt = new Map(dead!.records.map((record) => [record.headers.get("roost_dead_offset"), record]));
    assert.deepEqual([...deadAt.keys()].toSorted(), ["2", "3", "4", "5"]);
    assert.match(deadAt.get("4")!.headers.get("roost_dead_reason")!, /is not registered/);
    assert.equal(String(deadAt.get("5")!.value), "\u0000 not JSON");

    const schema = { type: "object", properties: { total: { type: "number" } }, required: ["total"] };
    const definition = { type: "order.placed", version: 1, topic: "orders", compatibility: "none" as const, schema };
    await world.kernel.registry.register([definition]);
    await retryAgain(world.kernel, { group: "kafka-ingest" });
    await until(
      "the one that fits now has entered",
      async () => (await entered()).length === 3 && (await letters()).every(({ state }) => state === "given_up"),
    );
    assert.deepEqual(
      (await letters()).map(({ eventId }) => eventId),
      ["2", "3", "5"],
    );
    await consumer.stop();
  },
);

test(
  "A reader goes on past aborted transactions, tombstones and headers that fit nowhere, what retention took, and a topic that grows or is made anew",
  { skip },
  async () => {
    await using world = await openKafkaWorld();
    const { database, kafka, settings } = world;
    await using plain = openPlainClients(settings.brokers);
    await kafka.ensureTopics([{ name: "orders", partitions: 1 }]);
    const headersOf = (id: string) => ({
      ce_specversion: "1.0",
      ce_id: id,
      ce_type: "note.written",
      ce_source: "shop",
    });
    const send = (ids: readonly string[], more: { value?: string | null; headers?: object; partition?: number } = {}) =>
      kafka.send(
        { topic: "orders", partition: more.partition ?? 0 },
        ids.map((id) => ({
          key: "k",
          value: more.value === undefined ? '{"n":1}' : more.value,
          headers: { ...headersOf(id), ...more.headers },
        })),
        { deadlineMs: 10_000 },
      );
    const start = () => world.startConsumer({ handle: ingest, group: "kafka-ingest", topics: ["orders"] });
    const entered = async () => {
      const rows = await database.query<{ id: string }>("select id from roost.event where source = 'shop' order by id");
      return rows.map(({ id }) => id);
    };
    const untilAllRead = (count: number) =>
      until(`${count} have entered and nothing waits`, async () => {
        const [reader] = (await readKafkaStatus(database))?.readers ?? [];
        return (await entered()).length >= count && reader?.lagCount === 0 && reader.error === null;
      });

    const producer = plain.createProducer("shop");
    for (const [n, end] of (["abort", "commit", "abort", "abort"] as const).entries()) {
      const transaction = await producer.beginTransaction();
      const headers = new Map(
        Object.entries(headersOf(`${end} ${n}`)).map(([name, text]) => [Buffer.from(name), Buffer.from(text)] as const),
      );
      await transaction.send({ messages: [{ topic: "orders", partition: 0, value: Buffer.from('{"n":1}'), headers }] });
      await transaction[end]();
    }
    await send(["a tombstone"], { value: null });
    const long = Array.from({ length: 400 }, () => randomUUID()).join("");
    await send([long], {
      headers: { ce_roostlog: long, ce_roosttopic: "t", ce_roostpartition: "0", ce_roostoffset: "9" },
    });
    await send(["wide"], { headers: { ce_subject: "x\0", [`ce_${long}`]: long } });
    await send(["plain"]);
    let consumer = start();
    await untilAllRead(2);
    assert.deepEqual(await entered(), ["commit 1", "plain"]);
    const letters = await listDeadLetters(database, { group: "kafka-ingest", limit: 10 });
    assert.deepEqual(
      letters.map(({ eventId }) => eventId?.slice(0, 4)),
      ["a to", long.slice(0, 4), "wide"],
    );

    await consumer.stop();
    const first = await send(["taken 1", "taken 2"]);
    const partitions = [{ partition: 0, offset: BigInt(first + 2), leaderEpoch: -1 }];
    await plain.admin.deleteRecords({ topics: [{ name: "orders", partitions }] });
    await send(["kept"]);
    consumer = start();
    await untilAllRead(3);
    await kafka.ensureTopics([{ name: "orders", partitions: 2 }]);
    await send(["in another partition"], { partition: 1 });
    await untilAllRead(4);

    await consumer.stop();
    await plain.admin.deleteTopics({ topics: ["orders"] });
    await until("the topic is made anew", async () => {
      await kafka.ensureTopics([{ name: "orders", partitions: 2 }]).catch(() => undefined);
      return (await kafka.readRanges(["orders"])).some(({ endOffset }) => endOffset === 0);
    });
    // More than the other one had.
    await send(Array.from({ length: 40 }, (_, n) => `anew ${n}`));
    consumer = start();
    await untilAllRead(44);
    assert.equal((await entered()).length, 44);

    await consumer.stop();
    // As if its leader had lost a thousand records.
    await database.query(
      "update roost.foreign_offset set next_offset = next_offset + 1000 where group_name = 'kafka-ingest@kafka'",
    );
    await send(["after a loss"]);
    consumer = start();
    await untilAllRead(45);
    assert.equal((await entered()).length, 45);
    await consumer.stop();
  },
);

test(
  "TLS with SASL SCRAM works, a wrong password and a broker without a trusted certificate are refused with the reason",
  { skip },
  async () => {
    await using world = await openKafkaWorld({ secure: true });
    await world.append(40);
    await world.startRelay();
    const consumer = world.startConsumer();
    await world.untilAllTaken();
    await world.assertOnceInOrder();
    await consumer.stop();
    const { settings } = world;
    await using stranger = openKafka(
      { ...settings, sasl: { ...settings.sasl!, password: "another" } },
      { logger: silentLogger },
    );
    await assert.rejects(stranger.readRanges(["roost.notes"]), { code: "unauthenticated" });
    await using unsure = openKafka({ ...settings, tls: {} }, { logger: silentLogger });
    await assert.rejects(unsure.readRanges(["roost.notes"]), /certificate/);
  },
);

test(
  "After the log has lost what Kafka has, a new generation begins, and its events are taken for new",
  { skip },
  async () => {
    await using world = await openKafkaWorld();
    const relay = await world.startRelay();
    const consumer = world.startConsumer();
    await world.append(100);
    await world.untilAllTaken();
    const ended = new Promise((resolve) => relay.once("exit", resolve));
    relay.kill("SIGKILL");
    await ended;
    // A replica that never had the last ten of each partition.
    await world.database.query(
      `delete from roost.event e using roost.partition_head h where e.topic = 'notes' and h.topic = 'notes' and h.partition = e.partition and e."offset" >= h.next_offset - 10`,
    );
    await world.database.query("update roost.partition_head set next_offset = next_offset - 10 where topic = 'notes'");
    await world.database.query(
      `update roost.cursor c set next_offset = h.next_offset from roost.partition_head h where c.topic = h.topic and c.partition = h.partition and c.topic = 'notes'`,
    );
    const before = (await world.effects()).length;
    await world.append(40);
    await world.startRelay();
    await until("all new ones took effect", async () => (await world.effects()).length >= before + 40);
    assert.equal((await world.effects()).length, before + 40);
    await consumer.stop();
  },
);
