/** The loop: in one process beside others, and in processes of their own that are killed and stopped. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Kernel } from "../open-kernel.ts";
import { createTestKernel, type TestKernel } from "../testing/create-test-kernel.ts";
import { groupTestEvents, note } from "../testing/test-events.ts";
import { consumeGroup } from "./consume-group.ts";

const group = "counters";

async function open(): Promise<TestKernel> {
  const t = await createTestKernel({ events: groupTestEvents });
  await t.database.query("create table public.seen (n int, by text)");
  return t;
}

async function append(kernel: Kernel, from: number, count: number): Promise<void> {
  await kernel.append(Array.from({ length: count }, (_, n) => note(from + n)));
}

/** Looks again whenever somebody commits a batch; the test's own time limit ends it. */
async function until(kernel: Kernel, condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await kernel.wakeups.wait("seen", { timeoutMs: 20 });
}

async function seenCount(t: TestKernel, by?: string): Promise<number> {
  const [row] = await t.database.query<{ count: number }>(
    "select count(*) from public.seen where $1::text is null or by = $1",
    [by ?? null],
  );
  return row!.count;
}

async function assertSeenOnce(t: TestKernel, count: number): Promise<void> {
  const rows = await t.database.query<{ n: number }>("select n from public.seen order by n");
  assert.deepEqual(
    rows.map((row) => row.n),
    Array.from({ length: count }, (_, n) => n),
  );
}

test("consumeGroup() reads what comes, shares with whoever joins, and leaves when aborted", async () => {
  await using t = await open();
  const loop = (kernel: Kernel, memberId: string, signal: AbortSignal) =>
    consumeGroup(kernel, {
      group,
      topics: ["notes"],
      memberId,
      signal,
      handle: async (tx, events) =>
        void (await tx.query("insert into public.seen (n, by) select unnest($1::int[]), $2", [
          events.map((event) => event.data["n"]),
          memberId,
        ])),
    });
  const [first, second] = [new AbortController(), new AbortController()];
  const loops = [loop(t.kernel, "a", first.signal), loop(await t.openAnother(), "b", second.signal)];
  await until(t.kernel, async () => {
    const owners = await t.database.query("select distinct owner from roost.cursor where owner is not null");
    return owners.length === 2;
  });
  await append(t.kernel, 0, 100);
  await until(t.kernel, async () => (await seenCount(t)) === 100);
  assert.ok((await seenCount(t, "a")) > 0 && (await seenCount(t, "b")) > 0);
  first.abort();
  await loops[0];
  await append(t.kernel, 100, 100);
  await until(t.kernel, async () => (await seenCount(t)) === 200);
  second.abort();
  await loops[1];
  await assertSeenOnce(t, 200);
  assert.deepEqual(await t.database.query("select 1 from roost.group_member"), []);
  assert.deepEqual(await t.database.query("select 1 from roost.worker"), []);
});

test("consumeGroup() goes on in another process when one is killed or stopped in the middle of its batches", async () => {
  await using t = await open();
  using killed = start(t, "killed");
  using stopped = start(t, "stopped");
  await until(
    t.kernel,
    async () =>
      (await t.database.query("select distinct owner from roost.cursor where owner is not null")).length === 2,
  );
  const total = 1500;
  const appending = (async () => {
    for (let from = 0; from < total; from += 50) await append(t.kernel, from, 50);
  })();
  await until(t.kernel, async () => (await seenCount(t, "killed")) > 20 && (await seenCount(t, "stopped")) > 20);
  stopped.child.kill("SIGSTOP");
  killed.child.kill("SIGKILL");
  await appending;
  using third = start(t, "third");
  await until(t.kernel, async () => (await seenCount(t, "third")) > 20);
  // The stopped one's lease runs out; its connection, and whatever it holds, is still there.
  await t.clock.advance(20_000);
  await until(t.kernel, async () => (await seenCount(t)) === total);
  stopped.child.kill("SIGCONT");
  await append(t.kernel, total, 200);
  await until(t.kernel, async () => (await seenCount(t)) === total + 200);
  await assertSeenOnce(t, total + 200);
  assert.equal(third.child.exitCode, null);
});

function start(t: TestKernel, memberId: string): Disposable & { child: ChildProcess } {
  const fixture = fileURLToPath(new URL("consume-group.fixture.ts", import.meta.url));
  const child = spawn(process.execPath, [fixture, t.url, memberId], { stdio: ["ignore", "ignore", "inherit"] });
  void once(child, "exit").catch(() => undefined);
  return { child, [Symbol.dispose]: () => void child.kill("SIGKILL") };
}
