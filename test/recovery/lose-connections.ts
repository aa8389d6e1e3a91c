/** Each loop of recovery loses its connection in the middle of a look. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { RoostError } from "@roost/base";
import type { Kernel } from "../../packages/kernel/src/open-kernel.ts";
import { createTestKernel, type TestKernel } from "../../packages/worker/src/testing/create-test-kernel.ts";
import { interruptKernel, loseConnection } from "../../packages/kernel/src/testing/interrupt-kernel.ts";
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
/** Reading on is not told what became of a commit: it asks the cursor by itself. */
const readsOn = recoveryLoops["events of partitions that were taken over"];

/**
 * Defines a test for each loop. `placesMax`: at so many of its statements and commits; loops that do the same for each of several things come by the
 * same statements again and again.
 */
export function loseConnections({ placesMax }: { placesMax: number }): void {
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
        for (const place of spread(placeCount, placesMax)) {
          await restore();
          await lookAndLose(kernel, look, place);
          await lookOften(kernel, look);
          assert.deepEqual(await readWorld(database, known), expected, `lost at place ${place} of ${placeCount}`);
        }
      });
    }
  });
}

/** All places, or of many some that lie evenly among them, the first and the last included. */
function spread(placeCount: number, placesMax: number): number[] {
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

export async function lookOften(kernel: Kernel, look: RecoveryLoop): Promise<void> {
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

export async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "it went on";
  } catch (error) {
    return error instanceof RoostError ? error.code : String(error);
  }
}
