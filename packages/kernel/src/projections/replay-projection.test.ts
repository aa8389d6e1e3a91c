/** Replays: the same bytes, the first difference, beside writers, and over the death of the replaying process. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "@roost/base/testing/until";
import { createTestKernel, type TestKernel } from "../testing/create-test-kernel.ts";
import { noteProjection, noteTable } from "../testing/note-projection.ts";
import { groupTestEvents, note } from "../testing/test-events.ts";
import { createTopic } from "../log/topics.ts";
import { listProjections } from "./list-projections.ts";
import { replayProjection } from "./replay-projection.ts";

async function openNotes(count: number): Promise<TestKernel> {
  const t = await createTestKernel({ events: groupTestEvents });
  await t.database.query(noteTable);
  for (let from = 0; from < count; from += 500) {
    const notes = Array.from({ length: Math.min(500, count - from) }, (_, n) => note(from + n, `s${(from + n) % 300}`));
    await t.kernel.append(notes);
  }
  await t.database.query(
    `insert into public.note (subject, n, count) select subject, max((data->>'n')::int), count(*) from roost.event where topic = 'notes' group by subject`,
  );
  return t;
}

const check = { isCheck: true } as const;

test("replayProjection() --check compares and changes nothing; a replay puts right what differs and keeps what only the place knows", async () => {
  await using t = await openNotes(700);
  const equal = await replayProjection(t.kernel, noteProjection, check);
  assert.deepEqual([equal.state, equal.isEqual, equal.appliedCount, equal.remainingCount], ["checked", true, 700, 0]);
  await t.database.query("update public.note set n = -1 where subject = 's42'");
  await t.database.query("delete from public.note where subject = 's7'");
  await t.database.query("insert into public.note values ('stranger', 1, 1)");
  const kept = await t.database.query("select seen_at from public.note where subject = 's1'");
  const wrong = await replayProjection(t.kernel, noteProjection, check);
  assert.deepEqual([wrong.isEqual, wrong.sha256], [false, equal.sha256]);
  assert.deepEqual(wrong.difference, {
    where: "public.note (s42)",
    live: { subject: "s42", n: -1, count: 3 },
    log: { subject: "s42", n: 642, count: 3 },
  });
  assert.equal((await replayProjection(t.kernel, noteProjection, check)).isEqual, false, "a check changes nothing");
  const replayed = await replayProjection(t.kernel, noteProjection);
  assert.deepEqual([replayed.state, replayed.isEqual], ["switched", false]);
  assert.equal((await replayProjection(t.kernel, noteProjection, check)).isEqual, true);
  assert.deepEqual(await t.database.query("select seen_at from public.note where subject = 's1'"), kept);
  const [state] = await listProjections(t.database, [noteProjection]);
  assert.deepEqual([state?.building, state?.last?.isEqual, state?.last?.sha256], [null, true, equal.sha256]);
  assert.deepEqual(await t.database.query("select 1 from pg_tables where schemaname = 'roost_replay'"), []);
});

test("replayProjection() names the event that it cannot apply, keeps what came before, and goes on once it can", async () => {
  await using t = await openNotes(700);
  let isBroken = true;
  const projection = {
    ...noteProjection,
    apply: async (...[tx, events, copyOf]: Parameters<typeof noteProjection.apply>) => {
      if (isBroken && events.some(({ data }) => data["n"] === 642)) throw new Error("cannot digest 642");
      await noteProjection.apply(tx, events, copyOf);
    },
  };
  const [poisoned] = await t.database.query<{ id: string; partition: number; at: number }>(
    `select id, partition, "offset" as at from roost.event where topic = 'notes' and data ->> 'n' = '642'`,
  );
  const { id, partition, at } = poisoned!;
  const place = `note.written (offset ${at} of notes/${partition}, id ${id}): cannot digest 642; look at it with roost log read notes -p ${partition} -o ${at} -n 1`;
  await assert.rejects(replayProjection(t.kernel, projection, check), (error: Error & { code: string }) => {
    assert.deepEqual([error.code, error.message.includes(place)], ["conflict", true], error.message);
    return true;
  });
  await assert.rejects(replayProjection(t.kernel, projection, check));
  const [state] = await listProjections(t.database, [projection]);
  assert.equal(state?.building?.appliedCount, 500);
  isBroken = false;
  const { state: ended, isEqual } = await replayProjection(t.kernel, projection, check);
  assert.deepEqual([ended, isEqual], ["checked", true]);
  // The person is told once that it fails, however often it is tried, and once that it is well.
  const notices = await t.database.query<{ text: string }>(
    "select data ->> 'text' as text from roost.event where type = 'notice.raised' order by time, id",
  );
  assert.match(notices[0]?.text ?? "", /^The replay of \w+ failed: .*cannot digest 642.*roost log replay /s);
  assert.match(notices[1]?.text ?? "", /^The replay of \w+ is well again: it failed 2 times/);
  assert.equal(notices.length, 2);
});

test("replayProjection() comes back after its time, and goes on where it was", async () => {
  await using t = await openNotes(2600);
  const steps = [];
  do steps.push(await replayProjection(t.kernel, noteProjection, { budgetMs: 0 }));
  while (steps.at(-1)?.state === "building");
  assert.deepEqual(
    steps.map((step) => [step.state, step.appliedCount]),
    [
      ["building", 500],
      ["building", 1000],
      ["building", 1500],
      ["switched", 2600],
    ],
  );
  assert.equal(steps.at(-1)?.isEqual, true);
});

test("replayProjection() goes on in another process when the first is killed in the middle of a page", async () => {
  await using t = await openNotes(2600);
  await using holder = await t.database.openSession();
  await holder.query("select pg_advisory_lock(42)");
  const fixture = fileURLToPath(new URL("replay.fixture.ts", import.meta.url));
  const child = spawn(process.execPath, [fixture, t.url], { stdio: ["ignore", "ignore", "inherit"] });
  const ended = once(child, "exit");
  const isWaiting = async () =>
    (await t.database.query("select 1 from pg_locks where locktype = 'advisory' and objid = 42 and not granted"))
      .length > 0;
  await until(async () => {
    assert.equal(child.exitCode, null, "the replay ended too early");
    return await isWaiting();
  });
  child.kill("SIGKILL");
  await ended;
  await holder.query("select pg_advisory_unlock(42)");

  const applied: number[] = [];
  const counting = {
    ...noteProjection,
    apply: async (...given: Parameters<typeof noteProjection.apply>) => {
      applied.push(given[1].length);
      await noteProjection.apply(...given);
    },
  };
  const replayed = await replayProjection(t.kernel, counting);
  assert.deepEqual([replayed.state, replayed.isEqual, replayed.appliedCount], ["switched", true, 2600]);
  assert.equal(
    applied.reduce((sum, count) => sum + count, 0),
    1600,
    "the two pages that had committed are not read again, the third one is",
  );
});

test("replayProjection() begins anew when the projection has another version", async () => {
  await using t = await openNotes(1700);
  assert.equal((await replayProjection(t.kernel, noteProjection, { budgetMs: 0 })).appliedCount, 500);
  const done = await replayProjection(t.kernel, { ...noteProjection, version: 2 });
  assert.deepEqual([done.appliedCount, done.isEqual], [1700, true]);
});

test("replayProjection() is right while others write", async () => {
  await using t = await openNotes(600);
  const another = await t.openAnother();
  const write = async () => {
    for (let n = 1000; n < 1060; n += 1) {
      await another.transact(async (tx) => {
        await tx.query(
          "insert into public.note as l values ('busy', $1, 1) on conflict (subject) do update set n = $1, count = l.count + 1",
          [n],
        );
        tx.emit(note(n, "busy"));
      });
    }
  };
  const writing = write();
  for (let round = 0; round < 3; round += 1)
    assert.equal((await replayProjection(t.kernel, noteProjection, { isCheck: round % 2 === 0 })).isEqual, true);
  await writing;
  assert.equal((await replayProjection(t.kernel, noteProjection, check)).isEqual, true);
});

test("replayProjection() refuses a topic of which retention has dropped a part", async () => {
  await using t = await createTestKernel({ events: groupTestEvents });
  await t.database.query(noteTable);
  await createTopic(t.database, { name: "notes", retentionMs: 1000 });
  await t.kernel.append([note(1)]);
  await t.database.query("update roost.partition_head set first_offset = next_offset where topic = 'notes'");
  await assert.rejects(replayProjection(t.kernel, noteProjection), {
    code: "conflict",
    message: /below 1 were dropped by retention/,
  });
});
