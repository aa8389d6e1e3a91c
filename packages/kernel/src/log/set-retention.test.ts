/** What retention drops is past it, what it drops is told, and nothing that is idle keeps the rest. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { consumeGroup } from "../groups/consume-group.ts";
import { createGroup } from "../groups/group.ts";
import { getGroup } from "../groups/list-groups.ts";
import { resetGroup } from "../groups/move-group.ts";
import { createTestKernel, type TestKernel } from "../testing/create-test-kernel.ts";
import { groupTestEvents } from "../testing/test-events.ts";
import { partitionOf } from "./murmur2.ts";
import { refuseVectorOutOfRange } from "./out-of-range.ts";
import { readEvents, readPartitions } from "./read-events.ts";
import { maintainLog } from "./segments.ts";
import { setRetention } from "./set-retention.ts";
import { createTopic, readTopics } from "./topics.ts";

const hourMs = 3_600_000;

/** Topic "notes" with that many partitions in segments of 16 offsets. */
async function openSmall(partitionCount: number): Promise<TestKernel> {
  const t = await createTestKernel({ events: [] });
  await createTopic(t.database, { name: "notes", partitionCount, segmentSize: 16, retentionMs: hourMs });
  await t.kernel.registry.register(groupTestEvents);
  return t;
}

/** A subject whose events go to that partition. */
function subjectOf(partition: number, partitionCount: number): string {
  for (let n = 0; ; n += 1) if (partitionOf(`s${n}`, partitionCount) === partition) return `s${n}`;
}

async function append(t: TestKernel, count: number, { partition = 0, of = 1 } = {}): Promise<void> {
  const subject = subjectOf(partition, of);
  await t.kernel.append(Array.from({ length: count }, (_, n) => ({ type: "note.written", subject, data: { n } })));
}

async function offsetsOf(t: TestKernel, partition: number): Promise<number[]> {
  const events = await readEvents(t.database, { topic: "notes", partition, offset: 0, limit: 1000 });
  return events.map((event) => event.offset);
}

const range = (from: number, until: number) => Array.from({ length: until - from }, (_, n) => from + n);

async function assertSegmentsCover(t: TestKernel): Promise<void> {
  const topic = (await readTopics(t.database)).get("notes")!;
  const rows = await t.database.query<{ from: number; until: number; isThere: boolean }>(
    `select offsets_from as "from", offsets_until as until, to_regclass('roost.' || relation) is not null as "isThere"
     from roost.segment where topic = 'notes' order by offsets_from`,
  );
  let from = topic.offsetsFrom;
  for (const row of rows) {
    assert.deepEqual([row.from, row.isThere], [from, true]);
    from = row.until;
  }
  assert.equal(from, topic.offsetsUntil);
}

test("maintainLog() drops what a busy partition wrote although another is idle, and keeps what the idle one wrote late", async () => {
  await using t = await openSmall(2);
  await append(t, 100, { partition: 0, of: 2 });
  await append(t, 3, { partition: 1, of: 2 });
  await t.clock.advance(2 * hourMs);
  await append(t, 2, { partition: 1, of: 2 });
  await append(t, 5, { partition: 0, of: 2 });
  assert.ok((await maintainLog(t.kernel)).droppedCount >= 6);
  assert.deepEqual(await readPartitions(t.database, ["notes"]), [
    { topic: "notes", partition: 0, firstOffset: 100, nextOffset: 105 },
    { topic: "notes", partition: 1, firstOffset: 3, nextOffset: 5 },
  ]);
  assert.deepEqual(await offsetsOf(t, 0), range(100, 105));
  assert.deepEqual(await offsetsOf(t, 1), [3, 4]);
  await assertSegmentsCover(t);
  const [counted] = await t.database.query<{ count: number }>("select count(*) from roost.segment where is_rest");
  assert.equal(counted?.count, 1, "one table holds what is left of all of them");
  await append(t, 120, { partition: 1, of: 2 });
  assert.deepEqual(await offsetsOf(t, 1), range(3, 125), "the idle one goes on where it was");
  await append(t, 40, { partition: 0, of: 2 });
  await t.clock.advance(2 * hourMs);
  await append(t, 20, { partition: 0, of: 2 });
  await append(t, 20, { partition: 1, of: 2 });
  await maintainLog(t.kernel);
  await assertSegmentsCover(t);
  assert.deepEqual(
    await t.database.query("select 1 from roost.segment where is_rest"),
    [],
    "filled and expired, it goes too",
  );
});

test("maintainLog() drops only what is past retention, whatever is written when", async () => {
  await using t = await openSmall(3);
  const written: { partition: number; offset: number; atMs: number }[] = [];
  const next = [0, 0, 0];
  let seed = 11;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  let droppedCount = 0;
  for (let round = 0; round < 40; round += 1) {
    const partition = [0, 0, 0, 1, 1, 2][random(6)]!;
    const count = 1 + random(14);
    await append(t, count, { partition, of: 3 });
    for (let n = 0; n < count; n += 1)
      written.push({ partition, offset: next[partition]! + n, atMs: t.kernel.clock.nowMs() });
    next[partition]! += count;
    await t.clock.advance(random(hourMs / 4));
    if (round % 4 !== 3) continue;
    droppedCount += (await maintainLog(t.kernel)).droppedCount;
    await assertSegmentsCover(t);
    const cutoffMs = t.kernel.clock.nowMs() - hourMs;
    for (const { partition: each, firstOffset, nextOffset } of await readPartitions(t.database, ["notes"])) {
      assert.equal(nextOffset, next[each]);
      assert.deepEqual(await offsetsOf(t, each), range(firstOffset, nextOffset), "dense from the first that is kept");
      const lost = written.filter((event) => event.partition === each && event.offset < firstOffset);
      for (const event of lost)
        assert.ok(event.atMs < cutoffMs + 5_000, JSON.stringify({ event, firstOffset, cutoffMs }));
    }
  }
  assert.ok(droppedCount > 5, `${droppedCount} segments`);
});

test("a group behind what was dropped is told the earliest offset and stays where it is until it is reset", async () => {
  await using t = await openSmall(1);
  const seen: unknown[] = [];
  const handle = async (_tx: unknown, events: { offset: number }[]) =>
    void seen.push(...events.map((event) => event.offset));
  const group = createGroup("readers", "stop", handle);
  const consume = () => consumeGroup(t.kernel, group, { topics: ["notes"], limit: 10 });
  await append(t, 40);
  await consume();
  seen.length = 0;
  await t.clock.advance(2 * hourMs);
  await append(t, 5);
  await maintainLog(t.kernel);
  const [{ firstOffset } = { firstOffset: 0 }] = await readPartitions(t.database, ["notes"]);
  assert.equal(firstOffset, 40);
  await consume();
  const { partitions } = await getGroup(t.database, "readers", { neededTopics: [] });
  assert.deepEqual([partitions[0]?.state, partitions[0]?.cursor, partitions[0]?.earliest], ["out_of_range", 10, 40]);
  assert.equal(
    partitions[0]?.lastError?.message,
    "offset 10 of notes/0 is out of range: earliest is 40, the next event will have 45",
  );
  const ranges = await readPartitions(t.database, ["notes"]);
  assert.throws(() => refuseVectorOutOfRange(ranges, { "notes/0": 10 }), { message: /earliest is 40/ });
  refuseVectorOutOfRange(ranges, {});
  assert.deepEqual(seen, [], "nothing was passed over in silence");
  await resetGroup(t.kernel, { group: "readers", to: { kind: "earliest" }, by: "ann" });
  await consume();
  assert.deepEqual(seen, range(40, 45));
});

test("maintainLog() drops nothing that a group which pins the topic has not read", async () => {
  await using t = await openSmall(2);
  const group = createGroup("pinning", "stop", async () => undefined);
  const consume = () => consumeGroup(t.kernel, group, { topics: ["notes"], limit: 40 });
  await t.database.query("select roost.declare_group_1('pinning', null, '{notes}')");
  await append(t, 60, { partition: 0, of: 2 });
  await append(t, 10, { partition: 1, of: 2 });
  await t.clock.advance(2 * hourMs);
  await maintainLog(t.kernel);
  assert.deepEqual([(await offsetsOf(t, 0)).length, (await offsetsOf(t, 1)).length], [60, 10], "it has read nothing");
  await consume();
  await maintainLog(t.kernel);
  const kept = await offsetsOf(t, 0);
  assert.deepEqual(kept, range(kept[0]!, 60), "what it has read goes, by segments");
  assert.ok(kept[0]! > 0 && kept[0]! <= 40, `${kept[0]}`);
  const { partitions } = await getGroup(t.database, "pinning", { neededTopics: [] });
  assert.deepEqual([partitions[0]?.isPinned, partitions[0]?.state], [true, "lagging"]);
  await t.database.query("select roost.declare_group_1('pinning', null, '{}')");
  await append(t, 40, { partition: 0, of: 2 });
  await t.clock.advance(2 * hourMs);
  await maintainLog(t.kernel);
  assert.ok((await offsetsOf(t, 0))[0]! > 40, "without a pin retention waits for no reader");
});

test("setRetention() makes the segments of a large topic small, and keeps for ever what is no longer named", async () => {
  await using t = await createTestKernel({ events: groupTestEvents });
  await append(t, 60, { of: 4 });
  await setRetention(t.kernel, { topics: { notes: hourMs } });
  await setRetention(t.kernel, { topics: { notes: hourMs } });
  await assertSegmentsCover(t);
  const cut = (await readTopics(t.database)).get("notes")!;
  assert.deepEqual([cut.segmentSize, cut.offsetsUntil, cut.retentionMs], [10_000, 10_060, hourMs]);
  await append(t, 60, { of: 4 });
  await t.clock.advance(2 * hourMs);
  await maintainLog(t.kernel);
  const written = (await readPartitions(t.database, ["notes"])).find((each) => each.nextOffset > 0);
  assert.deepEqual([written?.firstOffset, written?.nextOffset], [60, 120]);
  await setRetention(t.kernel, {});
  assert.equal((await readTopics(t.database)).get("notes")?.retentionMs, null);
  await assert.rejects(setRetention(t.kernel, { topics: { nots: hourMs } }), {
    code: "invalid_input",
    message: /"nots": the topics are /,
  });
  await assert.rejects(setRetention(t.kernel, { ticksMs: 3 }), { code: "invalid_input", message: /at least 1s/ });
});
