/** One way to read with a cursor: each event takes effect once, and what fails does what its group says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readLag, lockCursor, moveCursor } from "../log/cursor.ts";
import type { StoredEvent } from "../log/event.ts";
import type { Kernel } from "../open-kernel.ts";
import { createTestKernel, type TestKernel } from "../testing/create-test-kernel.ts";
import { eventTypes } from "../testing/drive-runs.ts";
import { groupTestEvents, note } from "../testing/test-events.ts";
import type { KernelTransaction } from "../transact.ts";
import { consumeGroup } from "./consume-group.ts";
import { createGroup, type FailurePolicy, type Group } from "./group.ts";
import { listDeadLetters, retryAgain } from "./list-dead-letters.ts";
import { getGroup, type GroupPartition } from "./list-groups.ts";
import { retryDeadLetters } from "./retry-dead-letters.ts";
import { tellFailures } from "./tell-failures.ts";

const name = "counters";
const topics = ["notes"];
const poison = 37;

async function open(count: number, subject?: string): Promise<TestKernel> {
  const t = await createTestKernel({ events: groupTestEvents });
  await t.database.query("create table public.seen (n int, key text)");
  await t.kernel.append(Array.from({ length: count }, (_, n) => note(n, subject)));
  return t;
}

const keep = (tx: KernelTransaction, events: StoredEvent[]) =>
  tx.query("insert into public.seen (n) select unnest($1::int[])", [events.map((event) => event.data["n"])]);

async function refusePoison(tx: KernelTransaction, events: StoredEvent[]): Promise<void> {
  if (events.some((event) => event.data["n"] === poison)) throw new Error(`cannot digest ${poison}`);
  await keep(tx, events);
}

async function consumeAll(kernel: Kernel, group: Group = createGroup(name, "stop", keep)): Promise<void> {
  while ((await consumeGroup(kernel, group, { topics, limit: 10 })).isMore);
}

async function seen(t: TestKernel): Promise<number[]> {
  return (await t.database.query<{ n: number }>("select n from public.seen order by n")).map((row) => row.n);
}

async function partitionOf(t: TestKernel): Promise<GroupPartition> {
  return (await getGroup(t.database, name, { neededTopics: [] })).partitions.find((each) => each.head > 0)!;
}

const numbers = (from: number, until: number) => Array.from({ length: until - from }, (_, n) => from + n);

test("consumeGroup() reads the other partitions when one cannot even be read, and says so", async () => {
  await using t = await open(0);
  await t.kernel.append(numbers(0, 40).map((n) => note(n, `s${n}`)));
  const lagging = await readLag(t.database, { group: name, topics });
  assert.ok(lagging.length > 1);
  const good = createGroup(name, "stop", keep);
  let lookCount = 0;
  const group: Group = {
    ...good,
    subscribers: async (...given) => {
      lookCount += 1;
      // The first partition, together and in parts.
      if (lookCount <= 2) throw new Error("unreadable");
      return good.subscribers(...given);
    },
  };
  await assert.rejects(consumeGroup(t.kernel, group, { topics }), /unreadable/);
  assert.equal((await readLag(t.database, { group: name, topics })).length, 1);
  await consumeAll(t.kernel);
  assert.deepEqual(await seen(t), numbers(0, 40));
});

test("consumeGroup() lets each event take effect once, with several readers at once", async () => {
  await using t = await open(200);
  const kernels = [t.kernel, await t.openAnother(), await t.openAnother()];
  await Promise.all(kernels.map((kernel) => consumeAll(kernel)));
  // Who came while another had a partition left it alone.
  await consumeAll(t.kernel);
  assert.deepEqual(await seen(t), numbers(0, 200));
  assert.deepEqual(await readLag(t.database, { group: name, topics }), []);
});

test("consumeGroup() commits the cursor in the transaction of the effect", async () => {
  await using t = await open(1, "s");
  await consumeAll(t.kernel);
  // A row names the transaction that wrote it: between two of them a crash would lose an event or repeat it.
  const rows = await t.database.query<{ isOne: boolean }>(
    `select s.xmin = c.xmin as "isOne" from public.seen s, roost.cursor c where c.group_name = $1 and c.next_offset = 1`,
    [name],
  );
  assert.deepEqual(rows, [{ isOne: true }]);
});

test("consumeGroup() can begin with what comes", async () => {
  await using t = await open(1, "s");
  const group = createGroup(name, "stop", keep);
  const consume = () => consumeGroup(t.kernel, group, { topics, isFromEnd: true });
  await consume();
  await t.kernel.append([note(2, "s")]);
  await consume();
  assert.deepEqual(await seen(t), [2]);
});

test("lockCursor() is undefined while another transaction has it, and moveCursor() moves it from where its reader began", async () => {
  await using t = await open(9, "s");
  const { topic, partition } = (await readLag(t.database, { group: name, topics })).find((each) => each.lagCount > 0)!;
  const place = { group: name, topic, partition };
  await t.kernel.transact((tx) => lockCursor(tx, place));
  await t.kernel.transact(async (tx) => {
    assert.deepEqual(await lockCursor(tx, place), { place: 0, firstOffset: 0, nextOffset: 9 });
    await t.kernel.transact(async (other) => assert.equal(await lockCursor(other, place), undefined));
    await moveCursor(tx, { ...place, from: 0, nextOffset: 5 });
  });
  const late = t.kernel.transact((tx) => moveCursor(tx, { ...place, from: 0, nextOffset: 7 }));
  await assert.rejects(late, { code: "conflict", message: /no longer at 0/ });
});

test("A group that stops lets everything before a failing event take effect, tries it ever less often, and tells it once", async () => {
  await using t = await open(100, "s");
  let isBroken = true;
  const group = createGroup(name, "stop", (tx, events) => (isBroken ? refusePoison(tx, events) : keep(tx, events)));
  await consumeAll(t.kernel, group);
  assert.deepEqual(await seen(t), numbers(0, poison));
  const place = await partitionOf(t);
  assert.deepEqual(
    [place.cursor, place.state, place.failureCount, place.lagCount, place.lastError?.message, place.eventType],
    [poison, "failing", 1, 63, `cannot digest ${poison}`, "note.written"],
  );
  const pauses: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    assert.deepEqual(
      await readLag(t.database, { group: name, topics: ["notes"] }).then((all) =>
        all.filter(({ lagCount }) => lagCount > 0),
      ),
      [],
    );
    const pauseMs = (await partitionOf(t)).retryAt!.getTime() - t.kernel.clock.nowMs();
    pauses.push(Math.round(pauseMs / 1000));
    await t.clock.advance(pauseMs + 1_000);
    await consumeAll(t.kernel, group);
  }
  assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
  await t.clock.advance(10_000);
  for (let look = 0; look < 2; look += 1) await tellFailures(t.kernel);
  assert.deepEqual(await eventTypes(t.kernel, name), ["consumer.failed"]);
  const notices = await t.database.query<{ text: string }>(
    "select data ->> 'text' as text from roost.event where type = 'notice.raised'",
  );
  assert.equal(notices.length, 1);
  const { topic, partition, eventId } = await partitionOf(t);
  assert.equal(
    notices[0]!.text,
    `counters stops at the event note.written (offset 37 of ${topic}/${partition}, id ${eventId}), which failed 9 times: cannot digest 37. ` +
      `It goes on by itself when the event succeeds; to pass over it: roost log groups skip counters ${topic}/${partition}`,
  );
  isBroken = false;
  await t.clock.advance(61_000);
  await consumeAll(t.kernel, group);
  assert.deepEqual(await seen(t), numbers(0, 100));
  assert.deepEqual([(await partitionOf(t)).state, (await partitionOf(t)).failureCount], ["current", 0]);
});

test("A group that stops in one partition reads the others", async () => {
  await using t = await open(100);
  await consumeAll(t.kernel, createGroup(name, "stop", refusePoison));
  const { partitions } = await getGroup(t.database, name, { neededTopics: [] });
  assert.deepEqual(partitions.map(({ state }) => state).toSorted(), ["current", "current", "current", "failing"]);
});

/** Each subject in `keys` takes the notes of its own name; those of "bad" fail while `fault` says so. */
function groupOfKeys(
  keys: readonly string[],
  fault: () => boolean,
  onFailure: FailurePolicy = { setAsideAfter: 3 },
): Group {
  const subscribers = keys.map((key) => ({ key, filter: { text: key } }));
  return {
    name,
    onFailure,
    subscribers: async () => subscribers,
    lock: async (_, wanted) => subscribers.filter(({ key }) => wanted.includes(key)),
    async deliver(tx, taking, events) {
      let count = 0;
      for (const { key } of taking) {
        if (key === "bad" && fault()) throw new Error("cannot digest it");
        for (const { data } of events.filter((event) => event.data["text"] === key)) {
          await tx.query("insert into public.seen (n, key) values ($1, $2)", [data["n"], key]);
          count += 1;
        }
      }
      return count;
    },
  };
}

test("A group that sets aside delivers to all other keys, keeps the order of the one that failed, and gives up once", async () => {
  await using t = await open(0);
  let isBroken = true;
  const group = groupOfKeys(["a", "bad", "b"], () => isBroken);
  const write = (n: number) =>
    t.kernel.append(["a", "bad", "b"].map((text) => ({ type: "note.written", subject: "s", data: { n, text } })));
  for (const n of [1, 2, 3]) await write(n);
  await consumeAll(t.kernel, group);
  const of = async (key: string) =>
    (await t.database.query<{ n: number }>("select n from public.seen where key = $1", [key])).map(({ n }) => n);
  assert.deepEqual([await of("a"), await of("b"), await of("bad")], [[1, 2, 3], [1, 2, 3], []]);
  const letters = () => listDeadLetters(t.database, { group: name, limit: 10 });
  assert.deepEqual(
    (await letters()).map(({ state }) => state),
    ["retrying", "waiting", "waiting"],
  );
  for (let attempt = 0; attempt < 4; attempt += 1) {
    await t.clock.advance(20_000);
    assert.equal(await retryDeadLetters(t.kernel, group, ["bad"]), 0);
  }
  const [first] = await letters();
  assert.deepEqual([first?.state, first?.attempts], ["given_up", 3]);
  await tellFailures(t.kernel);
  assert.deepEqual(await eventTypes(t.kernel, name), ["consumer.failed"]);
  // It would succeed now; what comes later does not overtake what waits.
  isBroken = false;
  await write(4);
  await consumeAll(t.kernel, group);
  assert.deepEqual([await of("a"), await of("bad")], [[1, 2, 3, 4], []]);
  await retryAgain(t.kernel, { key: "bad" });
  assert.equal(await retryDeadLetters(t.kernel, group, ["bad"]), 4);
  assert.deepEqual([await of("bad"), await letters()], [[1, 2, 3, 4], []]);
});

test("tellFailures() tells of a pin that holds the log for a day without a reader", async () => {
  await using t = await open(3, "s");
  await t.database.query("select roost.declare_group_1('gone', null, '{notes}')");
  await tellFailures(t.kernel);
  await t.clock.advance(25 * 3_600_000);
  for (let look = 0; look < 2; look += 1) await tellFailures(t.kernel);
  const notices = await t.database.query<{ text: string }>(
    "select data ->> 'text' as text from roost.event where type = 'notice.raised'",
  );
  assert.equal(notices.length, 1);
  assert.match(notices[0]!.text, /^Retention of notes waits for gone, which has not read notes\/\d for 1 days/);
});
