/** A failover to the replica in the middle of load, over TLS with several hosts in the URL. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { openDatabase } from "@roost/database";
import { openKernel } from "@roost/kernel";
import { holdHome } from "../../packages/memory/src/home/hold-home.ts";
import { migrateMemory } from "../../packages/rehearsal/src/scratch/open-scratch-database.ts";
import { testEvents } from "../../packages/kernel/src/testing/test-events.ts";
import { startPostgres } from "../infra/start-postgres.ts";
import { findGaps } from "./find-gaps.ts";
import { keepWriting } from "./keep-writing.ts";

const writerCount = 8;
const acknowledgedMin = 300;

test("After a failover to a synchronous replica everything acknowledged is there, dense and in order", async (t) => {
  const { lost, count } = await failOver(t, { synchronous: true });
  assert.equal(lost, 0, `${lost} of ${count} acknowledged events are gone`);
});

test("After a failover to an asynchronous replica the log is dense, and what it never had is counted", async (t) => {
  const { lost, count } = await failOver(t, { synchronous: false });
  t.diagnostic(`an asynchronous replica never had ${lost} of ${count} acknowledged events`);
  assert.ok(lost <= count / 2);
});

async function failOver(
  t: TestContext,
  { synchronous }: { synchronous: boolean },
): Promise<{ lost: number; count: number }> {
  await using postgres = await startPostgres({ replica: true, synchronous });
  const url = postgres.verifiedUrl;
  await using database = await openDatabase({ url, applicationName: "roost test", logger: silentLogger });
  await using kernel = await openKernel({ database, logger: silentLogger, events: testEvents });
  await migrateMemory(database);
  const place = { id: undefined, place: "here", path: "/here" };
  await using home = await holdHome(database, place, { logger: silentLogger });
  await using writing = keepWriting(kernel, { writerCount });
  const { acknowledged } = writing;

  await until("enough is acknowledged", async () => acknowledged.size >= acknowledgedMin);
  const startedMs = performance.now();
  await postgres.primary.kill();
  await postgres.promote();
  const before = acknowledged.size;
  await until("writing goes on", async () => acknowledged.size >= before + acknowledgedMin);
  t.diagnostic(`${Math.round(performance.now() - startedMs)} ms from the kill to ${acknowledgedMin} further events`);
  await writing.stop();

  await until("the failover is noticed", async () => home.refused.aborted);
  assert.match((home.refused.reason as Error).message, /replaced by a replica/);
  assert.deepEqual(await findGaps(database), []);
  const rows = await database.query<{ id: string }>("select id from roost.event where topic = 'notes'");
  const there = new Set(rows.map(({ id }) => id));
  return { lost: [...acknowledged].filter((id) => !there.has(id)).length, count: acknowledged.size };
}
