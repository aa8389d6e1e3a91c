import assert from "node:assert/strict";
import { test } from "node:test";
import { listDeadLetters } from "@roost/kernel";
import { createTestKernel } from "@roost/kernel/testing";
import { groupTestEvents } from "@roost/kernel/testing/test-events";
import type { Kafka } from "../client/open-kafka.ts";
import type { ReceivedRecord } from "../client/fetch-records.ts";
import { createLeases } from "../leases.ts";
import { migrateKafka } from "../migrate-kafka.ts";
import type { ForeignEvent } from "../records.ts";
import { createDeadLetters } from "./dead-letters.ts";
import { setAside, takeNew, takeRecords, type RecordTaking } from "./take-records.ts";

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
