/** A recovery is a loop over state: whatever it was doing when the database went away, the next look comes to the same. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { RoostError, silentLogger } from "@roost/base";
import { openDatabase, openEmbeddedPostgres, type Database } from "@roost/database";
import { homeRooms } from "@roost/worker/home-rooms";
import { openKernel, type Kernel } from "../../packages/kernel/src/open-kernel.ts";
import { createTestKernel, type TestKernel } from "../../packages/worker/src/testing/create-test-kernel.ts";
import { interruptKernel, loseConnection, type Place } from "../../packages/kernel/src/testing/interrupt-kernel.ts";
import {
  prepareWorld,
  readKnown,
  readWorld,
  recoveryLoops,
  saveWorld,
  type Known,
  type RecoveryLoop,
} from "./recovery-world.ts";

/** More than one: what the first one did is not done again by the next. */
const passes = 2;
/** Of one loop: loops that do the same for each of several things come by the same statements again and again. */
const placesMax = 16;
/** Reading on is not told what became of a commit: it asks the cursor by itself. */
const readsOn = recoveryLoops["events of partitions that were taken over"];

describe("a loop of recovery whose connection is lost, at each of its statements and commits", () => {
  let opened: TestKernel;
  let restore: () => Promise<void>;
  let known: Known;
  before(async () => {
    opened = await createTestKernel();
    await prepareWorld(opened.kernel);
    known = await readKnown(opened.database);
    ({ restore } = await saveWorld(opened.database));
  });
  after(() => opened[Symbol.asyncDispose]());

  for (const [name, look] of Object.entries(recoveryLoops)) {
    test(`${name}: the next look comes to the same, and nothing twice`, async () => {
      const { kernel, database } = opened;
      await restore();
      const untouched = await readWorld(database, known);
      const placeCount = await countPlaces(kernel, look);
      await lookOften(kernel, look);
      const expected = await readWorld(database, known);
      assert.notDeepEqual(expected, untouched, "the loop was expected to have something to do");
      for (const place of spread(placeCount)) {
        await restore();
        await lookAndLose(kernel, look, place);
        await lookOften(kernel, look);
        assert.deepEqual(await readWorld(database, known), expected, `lost at place ${place} of ${placeCount}`);
      }
    });
  }
});

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
      const stop = { number: middles.get(name)!, until: restart.promise };
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

/** All places, or of many some that lie evenly among them, the first and the last included. */
function spread(placeCount: number): number[] {
  const count = Math.min(placeCount, placesMax);
  const places = Array.from(
    { length: count },
    (_, n) => 1 + Math.round((n * (placeCount - 1)) / Math.max(1, count - 1)),
  );
  return [...new Set(places)];
}

async function countPlaces(kernel: Kernel, look: RecoveryLoop): Promise<number> {
  let count = 0;
  await look(interruptKernel(kernel, async ({ number }) => void (count = number)));
  return count;
}

async function lookOften(kernel: Kernel, look: RecoveryLoop): Promise<void> {
  for (let pass = 0; pass < passes; pass += 1) await look(kernel);
}

async function lookAndLose(kernel: Kernel, look: RecoveryLoop, number: number): Promise<void> {
  let isLost = false;
  const interrupted = interruptKernel(kernel, async (place) => {
    if (place.number !== number) return;
    isLost = true;
    await loseConnection(place, kernel.database);
  });
  const outcome = await outcomeOf(look(interrupted));
  assert.ok(isLost, `place ${number} was not reached`);
  if (look !== readsOn) assert.equal(outcome, "unavailable", `lost at place ${number}`);
}

/** Before its first commit; where there is none, between its first two statements. */
async function findMiddle(kernel: Kernel, look: RecoveryLoop): Promise<number> {
  const places: Pick<Place, "number" | "before">[] = [];
  await look(interruptKernel(kernel, async (place) => void places.push(place)));
  const commit = places.find(({ before }) => before === "commit");
  return (commit ?? places.filter(({ before }) => before === "statement")[1])!.number;
}

/** Looks, and stands still at the place until `until`; resolves to what became of it once it stands still, or waits for another that does. */
async function lookAndStop(
  kernel: Kernel,
  look: RecoveryLoop,
  { number, until }: { number: number; until: Promise<void> },
): Promise<{ outcome: Promise<string> }> {
  let isUnderWay = false;
  const stopping = interruptKernel(kernel, async (place) => {
    if (place.number !== number) return;
    // Begins where nothing was begun.
    await place.sql?.query("select 1");
    isUnderWay = true;
    await until;
  });
  const waitingBefore = await countWaiting(kernel.database);
  const outcome = outcomeOf(look(stopping)).finally(() => (isUnderWay = true));
  while (!isUnderWay && (await countWaiting(kernel.database)) <= waitingBefore);
  return { outcome };
}

async function countWaiting(database: Database): Promise<number> {
  const rows = await database.query(
    "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
  );
  return rows.length;
}

async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "it went on";
  } catch (error) {
    return error instanceof RoostError ? error.code : String(error);
  }
}
