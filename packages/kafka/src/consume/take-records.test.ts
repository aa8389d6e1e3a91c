import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { listDeadLetters, lockForeignOffset, moveForeignOffset, readForeignOffsets } from "@roost/kernel";
import { createTestKernel } from "@roost/kernel/testing";
import { groupTestEvents } from "@roost/kernel/testing/test-events";
import type { Kafka } from "../client/open-kafka.ts";
import type { ReceivedRecord } from "../client/fetch-records.ts";
import type { TopicRange } from "../client/read-ranges.ts";
import { createLeases } from "../leases.ts";
import { migrateKafka } from "../migrate-kafka.ts";
import type { ForeignEvent } from "../records.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { createPlaces } from "./places.ts";
import { positionsOf, setAside, takeNew, takeRecords, type RecordTaking } from "./take-records.ts";

const group = "test";

/** A reader of one partition of Kafka whose effects are a list, and whose dead letters go nowhere. */
async function openReader({ isOfLogs }: { isOfLogs: boolean }) {
  await using opened = new AsyncDisposableStack();
  const { kernel, database } = opened.use(await createTestKernel({ events: groupTestEvents }));
  await migrateKafka(database);
  const leases = createLeases(database, { purpose: group, owner: kernel.createId(), leaseMs: 60_000 });
  const [leased] = await leases.claim([{ topic: "in", partition: 0 }]);
  const effects: string[] = [];
  const records: ReceivedRecord[] = [];
  const taking: RecordTaking = {
    kernel,
    leases,
    group,
    ownLog: "own",
    logTopics: new Set(isOfLogs ? ["in"] : []),
    handle: async (_tx, events) => void effects.push(...events.map(({ id }) => id)),
    letters: createDeadLetters({ send: async () => 0 } as unknown as Kafka, { group, topic: "dead" }),
  };
  const closing = opened.move();
  return {
    kernel,
    database,
    effects,
    taking,
    /** The next record of the partition, with a place in a log where one is given. */
    next(id: string, offset?: number, log = "other"): ReceivedRecord {
      const place = { ce_roostlog: log, ce_roosttopic: "notes", ce_roostgeneration: "1", ce_roostpartition: "0" };
      const headers = { ce_id: id, ce_type: "note.written", ce_source: "shop", ce_specversion: "1.0" };
      const all = offset === undefined ? headers : { ...headers, ...place, ce_roostoffset: String(offset) };
      const at = { topic: "in", partition: 0, offset: records.length, key: null, value: Buffer.from('{"n":1}') };
      records.push({ ...at, headers: new Map(Object.entries(all)) });
      return records.at(-1)!;
    },
    take: (...some: ReceivedRecord[]) =>
      takeRecords(taking, leased!, { records: some, nextOffset: records.length, sent: new Map() }),
    setAside: (record: ReceivedRecord) => setAside(taking, leased!, record, new Error("does not fit")),
    letters: async () => (await listDeadLetters(database, { group, limit: 10 })).map(({ offset }) => offset),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

test("A place in a log that is named by who may write a topic of others has nothing passed over", async () => {
  await using reader = await openReader({ isOfLogs: false });
  await reader.take(reader.next("forged", 1_000_000));
  await reader.take(reader.next("a", 1), reader.next("b", 2), reader.next("a", 1));
  assert.deepEqual(reader.effects, ["forged", "a", "b"]);
  await reader.take(reader.next("c", 3, "own"));
  assert.deepEqual(reader.effects, ["forged", "a", "b"], "a home has its own");
});

test("A topic of relays is read by the places in their logs, each partition of a log by itself", async () => {
  await using reader = await openReader({ isOfLogs: true });
  await reader.take(reader.next("a", 0), reader.next("b", 1), reader.next("a", 0), reader.next("c", 2));
  await reader.take(reader.next("of another log", 1, "third"));
  assert.deepEqual(reader.effects, ["a", "b", "c", "of another log"]);
});

test("A record of a log that was set aside and comes once more is no second letter, and no event when the first was tried again", async () => {
  await using reader = await openReader({ isOfLogs: true });
  await reader.take(reader.next("a", 0));
  await reader.setAside(reader.next("b", 1));
  await reader.setAside(reader.next("b", 1));
  assert.deepEqual(await reader.letters(), [1]);
  const name: Pick<ForeignEvent, "source" | "id"> = { source: "shop", id: "b" };
  const retry = () => reader.kernel.transact((tx) => takeNew(tx, reader.taking, [{ name, place: undefined }]));
  assert.equal((await retry()).length, 1);
  await reader.take(reader.next("b", 1), reader.next("c", 2));
  assert.deepEqual(reader.effects, ["a", "c"]);
  assert.equal((await retry()).length, 0);
});

/** Where a group stands in a topic of two partitions, and what Kafka has of them. */
async function openPlaces() {
  await using opened = new AsyncDisposableStack();
  const reader = opened.use(await openReader({ isOfLogs: true }));
  let ranges: TopicRange[] = [];
  const kafka = { ensureTopics: async () => {}, readRanges: async () => ranges } as unknown as Kafka;
  const { kernel, database } = reader;
  const places = createPlaces({ kernel, kafka, group, topics: ["in"], deadLetterTopic: "dead", logger: silentLogger });
  const closing = opened.move();
  return {
    places,
    has(topicId: string, startOffset: number, partitions: readonly number[]) {
      ranges = partitions.map((partition) => ({ topic: "in", topicId, partition, startOffset, endOffset: 20 }));
    },
    /** Of any reader of the group. */
    move: (partition: number, nextOffset: number) =>
      kernel.transact(async (tx) => {
        const of = { group: positionsOf(group), topic: "in", partition };
        await lockForeignOffset(tx, of);
        await moveForeignOffset(tx, of, nextOffset);
      }),
    recorded: async () => (await readForeignOffsets(database, positionsOf(group))).map(({ nextOffset }) => nextOffset),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

test("A partition whose broker did not answer when its topic was made anew is read from its beginning too", async (t) => {
  await using world = await openPlaces();
  let nowMs = performance.now();
  t.mock.method(performance, "now", () => nowMs);
  const look = async () => {
    nowMs += 60_000;
    assert.equal(await world.places.look(), true);
  };
  for (const partition of [0, 1]) await world.move(partition, 7);
  world.has("old", 0, [0, 1]);
  await look();
  world.has("new", 0, [0]);
  await look();
  assert.deepEqual(await world.recorded(), [0, 7]);
  world.has("new", 0, [0, 1]);
  await look();
  assert.deepEqual(await world.recorded(), [0, 0]);
  assert.deepEqual(world.places.next({ topic: "in", partition: 1 }), {
    topic: "in",
    partition: 1,
    offset: 0,
    topicId: "new",
  });
});

test("A reader that returns to what Kafka has leaves the place of a partition that another has moved on", async () => {
  await using world = await openPlaces();
  for (const partition of [0, 1]) await world.move(partition, 7);
  world.has("in", 0, [0, 1]);
  await world.places.look();
  await world.move(1, 15);
  world.has("in", 10, [0, 1]);
  await world.places.returnToRange();
  assert.deepEqual(await world.recorded(), [10, 15]);
});
