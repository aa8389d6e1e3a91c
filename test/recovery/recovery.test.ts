/** A recovery is a loop over state: whatever it was doing when the database went away, the next look comes to the same. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { openDatabase, openEmbeddedPostgres, type Database } from "@roost/database";
import { homeRooms } from "@roost/worker/home-rooms";
import { openKernel, type Kernel } from "../../packages/kernel/src/open-kernel.ts";
import { interruptKernel, type Place } from "../../packages/kernel/src/testing/interrupt-kernel.ts";
import { lookOften, loseConnections, outcomeOf } from "./lose-connections.ts";
import { prepareWorld, readKnown, readWorld, recoveryLoops, saveWorld, type RecoveryLoop } from "./recovery-world.ts";

loseConnections({ placesMax: 2 });

test("every loop of recovery, in the middle of a transaction when PostgreSQL is restarted at once, comes to the same afterwards", async () => {
  const dir = await mkdtemp(join(tmpdir(), "roost-recovery-"));
  try {
    await using restarted = new AsyncDisposableStack();
    const first = restarted.use(await openEmbeddedPostgres({ dir, logger: silentLogger }));
    const loops = Object.entries(recoveryLoops);
    const poolMax = loops.length + 4;
    await using database = await openDatabase({ url: first.url, applicationName: "r", logger: silentLogger, poolMax });
    await using kernel = await openKernel({ database, logger: silentLogger, rooms: homeRooms });
    await prepareWorld(kernel);
    const known = await readKnown(database);
    const { restore } = await saveWorld(database);
    const middles = new Map<string, number>();
    for (const [name, look] of loops) {
      middles.set(name, await findMiddle(kernel, look));
      await lookOften(kernel, look);
    }
    const expected = await readWorld(database, known);

    await restore();
    const restart = Promise.withResolvers<void>();
    const going: [string, Promise<string>][] = [];
    for (const [name, look] of loops) {
      const stop = { number: middles.get(name)!, goOn: restart.promise };
      going.push([name, (await lookAndStop(kernel, look, stop)).outcome]);
    }
    const gone = new Promise((resolve) => first.lost.addEventListener("abort", resolve, { once: true }));
    process.kill(first.pid, "SIGQUIT");
    await gone;
    restarted.use(await openEmbeddedPostgres({ dir, logger: silentLogger }));
    restart.resolve();
    for (const [name, outcome] of going) assert.equal(await outcome, "unavailable", name);

    for (const [, look] of loops) await lookOften(kernel, look);
    assert.deepEqual(await readWorld(database, known), expected);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

/** Before its first commit; where there is none, between its first two statements. */
async function findMiddle(kernel: Kernel, look: RecoveryLoop): Promise<number> {
  const places: Pick<Place, "number" | "before">[] = [];
  await look(interruptKernel(kernel, async (place) => void places.push(place)));
  const commit = places.find(({ before }) => before === "commit");
  return (commit ?? places.filter(({ before }) => before === "statement")[1])!.number;
}

/** Looks, and stands still at the place until `goOn`; resolves to what became of it once it stands still, or waits for another that does. */
async function lookAndStop(
  kernel: Kernel,
  look: RecoveryLoop,
  { number, goOn }: { number: number; goOn: Promise<void> },
): Promise<{ outcome: Promise<string> }> {
  let isUnderWay = false;
  const stopping = interruptKernel(kernel, async (place) => {
    if (place.number !== number) return;
    // Begins where nothing was begun.
    await place.sql?.query("select 1");
    isUnderWay = true;
    await goOn;
  });
  const waitingBefore = await countWaiting(kernel.database);
  const outcome = outcomeOf(look(stopping)).finally(() => (isUnderWay = true));
  await until(async () => isUnderWay || (await countWaiting(kernel.database)) > waitingBefore);
  return { outcome };
}

async function countWaiting(database: Database): Promise<number> {
  const rows = await database.query(
    "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
  );
  return rows.length;
}
