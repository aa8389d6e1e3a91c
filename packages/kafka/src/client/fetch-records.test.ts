/** What the client gives of what Kafka answers: batches, of which some were aborted, compacted, or are marks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fetchRecords, type FetchFrom } from "./fetch-records.ts";

type Consumer = Parameters<typeof fetchRecords>[0];
type Answer = Awaited<ReturnType<Consumer["fetch"]>>["responses"][number]["partitions"][number];
type Batch = NonNullable<Answer["records"]>[number];

const topicId = "0f0f0f0f-0000-4000-8000-000000000001";
const isTransactional = 1 << 4;
const isControl = 1 << 5;

/** Of these offsets, in a batch that reaches to the last one or further. */
function batch(
  offsets: readonly number[],
  more: { producer?: number; attributes?: number; last?: number; key?: Buffer } = {},
): Batch {
  const first = offsets[0]!;
  const record = (offset: number) => ({
    offsetDelta: offset - first,
    key: more.key ?? null,
    value: Buffer.from(String(offset)),
    headers: [
      [Buffer.from("ce_id"), Buffer.from(`id ${offset}`)],
      [Buffer.from("ce_subject"), null],
    ],
  });
  return {
    firstOffset: BigInt(first),
    lastOffsetDelta: (more.last ?? offsets.at(-1)!) - first,
    attributes: more.attributes ?? 0,
    producerId: BigInt(more.producer ?? -1),
    records: offsets.map(record),
  } as unknown as Batch;
}

const sent = (producer: number, ...offsets: number[]) => batch(offsets, { producer, attributes: isTransactional });

function mark(producer: number, offset: number, kind: "abort" | "commit"): Batch {
  const key = Buffer.from([0, 0, 0, kind === "abort" ? 0 : 1]);
  return batch([offset], { producer, attributes: isTransactional | isControl, key });
}

/** Brokers that lead one partition each, and what they answer. */
function consumerOf(brokers: Readonly<Record<number, Partial<Answer> | Error>>, leaderEpoch = 0): Consumer {
  const partitions = Object.keys(brokers).map((leader) => ({ leader: Number(leader), leaderEpoch }));
  return {
    metadata: async () => ({ topics: new Map([["in", { id: topicId, partitions }]]) }),
    async fetch({ node }: { node: number }) {
      const answer = brokers[node]!;
      if (answer instanceof Error) throw answer;
      const partitionIndex = partitions.findIndex(({ leader }) => leader === node);
      return { responses: [{ topicId, partitions: [{ partitionIndex, abortedTransactions: null, ...answer }] }] };
    },
  } as unknown as Consumer;
}

const from = (offset: number, more: Partial<FetchFrom> = {}): FetchFrom => ({
  topic: "in",
  partition: 0,
  offset,
  ...more,
});

const limits = { waitMs: 0, bytesMax: 1 };

async function read(offset: number, answer: Partial<Answer>) {
  const options = { ...limits, epochs: new Map(), onMissed: () => assert.fail("the only broker answers") };
  const [fetched] = await fetchRecords(consumerOf({ 1: answer }), [from(offset)], options);
  return { offsets: fetched!.records.map((record) => record.offset), nextOffset: fetched!.nextOffset };
}

test("fetchRecords() gives nothing of aborted transactions, also of two by one producer and of one that goes on in a later answer", async () => {
  const records = [
    sent(7, 0, 1),
    sent(8, 2),
    mark(7, 3, "abort"),
    sent(7, 4),
    mark(7, 5, "commit"),
    sent(7, 6),
    mark(7, 7, "abort"),
    batch([8]),
    sent(9, 9, 10),
  ];
  const abortedTransactions = [
    { producerId: 9n, firstOffset: 9n },
    { producerId: 7n, firstOffset: 0n },
    { producerId: 7n, firstOffset: 6n },
  ];
  assert.deepEqual(await read(0, { records, abortedTransactions }), { offsets: [2, 4, 8], nextOffset: 11 });
  const rest = {
    records: [sent(9, 11), mark(9, 12, "abort")],
    abortedTransactions: [{ producerId: 9n, firstOffset: 9n }],
  };
  assert.deepEqual(await read(11, rest), { offsets: [], nextOffset: 13 });
});

test("fetchRecords() goes on behind marks and behind what compaction has taken, and not when there is nothing", async () => {
  assert.deepEqual(await read(5, { records: [mark(7, 5, "commit")] }), { offsets: [], nextOffset: 6 });
  assert.deepEqual(await read(4, { records: [batch([0, 3], { last: 9 })] }), { offsets: [], nextOffset: 10 });
  assert.deepEqual(await read(4, { records: null }), { offsets: [], nextOffset: 4 });
});

test("fetchRecords() leaves out headers without a value, and reads no other topic of the same name", async () => {
  const consumer = consumerOf({ 1: { records: [batch([0])] } });
  const options = { ...limits, epochs: new Map(), onMissed: () => undefined };
  const [fetched] = await fetchRecords(consumer, [from(0, { topicId })], options);
  assert.deepEqual([...fetched!.records[0]!.headers], [["ce_id", "id 0"]]);
  await assert.rejects(fetchRecords(consumer, [from(0, { topicId: "another" })], options), { code: "unavailable" });
});

test("fetchRecords() reads what other brokers have while one does not answer, and throws when none does", async () => {
  const gone = new Error("no route");
  const missed: number[] = [];
  const options = {
    ...limits,
    epochs: new Map(),
    onMissed: (of: readonly { partition: number }[]) => void missed.push(...of.map(({ partition }) => partition)),
  };
  const wanted = [from(0), from(0, { partition: 1 })];
  const fetched = await fetchRecords(consumerOf({ 1: gone, 2: { records: [batch([0])] } }), wanted, options);
  assert.deepEqual([fetched.map(({ partition }) => partition), missed], [[1], [0]]);
  await assert.rejects(fetchRecords(consumerOf({ 1: gone, 2: gone }), wanted, options), gone);
});

test("fetchRecords() reads nothing from a leader of before when it knows a later one", async () => {
  const options = { ...limits, epochs: new Map(), onMissed: () => undefined };
  const brokers = { 1: { records: [batch([0])] } };
  for (const [epoch, isRead] of [
    [4, true],
    [5, true],
    [4, false],
    [5, true],
  ] as const) {
    const reading = fetchRecords(consumerOf(brokers, epoch), [from(0)], options);
    if (isRead) assert.equal((await reading).length, 1);
    else await assert.rejects(reading, { code: "unavailable", message: /earlier leader/ });
  }
});
