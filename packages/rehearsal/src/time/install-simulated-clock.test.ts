import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestDatabase } from "@roost/database/testing";
import { createJobLoops, defineJob, getJob } from "@roost/jobs";
import { openKernel, readSchemas } from "@roost/kernel";
import { createTestKernel } from "@roost/worker/testing";
import { silentLogger } from "@roost/base";
import { homeRooms } from "@roost/worker/home-rooms";
import { installSimulatedClock } from "./install-simulated-clock.ts";
import { skipUntil } from "./skip-until.ts";

const startMs = Date.parse("2026-03-01T00:00:00Z");

async function openSimulated() {
  const migrations = await readSchemas(homeRooms);
  await using opened = new AsyncDisposableStack();
  const { database } = opened.use(await createTestDatabase({ migrations }));
  const clock = await installSimulatedClock(database, startMs);
  const local = { nowMs: () => clock.nowMs };
  const kernel = opened.use(await openKernel({ database, logger: silentLogger, clock: local, migrate: false }));
  const owned = opened.move();
  return { kernel, database, clock, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

test("installSimulatedClock() lets time stand still between two moves, for database and kernel", async () => {
  await using simulated = await openSimulated();
  const { kernel, database, clock } = simulated;
  const now = async () => (await database.query<{ now: Date }>("select roost.now() as now"))[0]?.now.getTime();
  assert.deepEqual([await now(), await now(), kernel.clock.nowMs()], [startMs, startMs, startMs]);
  await clock.set(startMs + 3_600_000);
  assert.deepEqual([await now(), kernel.clock.nowMs()], [startMs + 3_600_000, startMs + 3_600_000]);
});

test("installSimulatedClock() refuses a database in which anything has happened", async () => {
  await using opened = await createTestKernel();
  await defineJob(opened.kernel, { id: "j", prompt: "", trigger: { kind: "manual" } }, { by: "test" });
  await assert.rejects(installSimulatedClock(opened.database, startMs), { code: "conflict" });
});

test("createJobLoops() say when the next tick is due, and fire it when time has come there", async () => {
  await using simulated = await openSimulated();
  const { kernel, clock } = simulated;
  const trigger = { kind: "every", every: "20m", anchor: "2026-03-01T00:00:00Z" };
  await defineJob(kernel, { id: "j", prompt: "", overlap: "allow", trigger }, { by: "test" });
  const ticks = createJobLoops(kernel).find(({ name }) => name === "ticks");
  const moments: (number | undefined)[] = [];
  for (let look = 0; look < 3; look += 1) {
    const found = await ticks?.look();
    moments.push(found?.isMore === true ? undefined : found?.atMs);
    if (found?.atMs !== undefined) await clock.set(found.atMs);
  }
  assert.deepEqual(moments, [startMs + 1_200_000, undefined, startMs + 2_400_000]);
});

test("skipUntil() begins with the first moment at or after, and leaves no tick for what lies before", async () => {
  await using simulated = await openSimulated();
  const { kernel, database } = simulated;
  const trigger = { kind: "every", every: "20m", anchor: "2026-03-01T00:00:00Z" };
  await defineJob(kernel, { id: "j", prompt: "", trigger }, { by: "test" });
  await defineJob(
    kernel,
    { id: "once", prompt: "", trigger: { kind: "at", at: "2026-03-01T01:00:00Z" } },
    { by: "test" },
  );
  await skipUntil(kernel, startMs + 7_200_000);
  assert.equal((await getJob(kernel, "j"))?.nextAt?.getTime(), startMs + 7_200_000);
  assert.equal((await getJob(kernel, "once"))?.state, "finished");
  assert.deepEqual(await database.query("select 1 from roost.tick"), []);
});
