import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock, RoostError, silentLogger } from "@roost/base";
import type { Rehearsal, RehearsalReport } from "@roost/contract/operations";
import { createRehearsals, type RehearsalsOptions } from "./create-rehearsals.ts";

type Play = RehearsalsOptions["play"];

function open(play: Play, leftMsMax?: number) {
  const clock = createFakeClock(0);
  const shutdown = new AbortController();
  let ids = 0;
  let cleanUps = 0;
  const rehearsals = createRehearsals({
    play,
    cleanUp: async () => void (cleanUps += 1),
    clock,
    createId: () => `r${(ids += 1)}`,
    logger: silentLogger,
    shutdown: shutdown.signal,
    ...(leftMsMax !== undefined && { leftMsMax }),
  });
  return { rehearsals, clock, shutdown, cleanUps: () => cleanUps };
}

const asked = { hours: 2, fromMs: undefined, jobs: undefined };
const report = {
  from: "1970-01-01T00:00:00.000Z",
  until: "1970-01-01T02:00:00.000Z",
  totals: { runs: 7 },
} as RehearsalReport;

const untilAborted: Play = (_, { signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });

async function all(states: AsyncGenerator<Rehearsal>): Promise<Rehearsal[]> {
  const told: Rehearsal[] = [];
  for await (const state of states) told.push(state);
  return told;
}

test("createRehearsals() tells how far one has come, and keeps its report for ten minutes", async () => {
  const { rehearsals, clock } = open(async (_, { onProgress }) => {
    onProgress({ playedUntilMs: 3_600_000, runCount: 3 });
    return report;
  });
  const { id } = rehearsals.start(asked);
  const told = await all(rehearsals.watch(id, new AbortController().signal));
  assert.deepEqual(told.at(-1), { ...rehearsals.get(id).rehearsal, state: "done", runCount: 7, error: null });
  assert.equal(rehearsals.get(id).report, report);
  clock.advance(10 * 60_000 + 1);
  assert.throws(() => rehearsals.get(id), { code: "not_found" });
});

test("createRehearsals() plays one at a time, and ends it when asked to or when the gateway stops", async () => {
  const { rehearsals, shutdown, cleanUps } = open(untilAborted);
  const first = rehearsals.start(asked);
  assert.throws(() => rehearsals.start(asked), { code: "conflict" });
  assert.equal((await rehearsals.cancel(first.id)).state, "cancelled");
  const second = rehearsals.start(asked);
  const told = all(rehearsals.watch(second.id, new AbortController().signal));
  shutdown.abort();
  assert.equal((await told).at(-1)?.state, "cancelled");
  await rehearsals.cancel(second.id);
  assert.equal(cleanUps(), 2);
});

test("createRehearsals() says why one failed, and cleans up after it", async () => {
  const { rehearsals, cleanUps } = open(() => Promise.reject(new RoostError("forbidden", "give it CREATEDB")));
  const { id } = rehearsals.start(asked);
  const told = await all(rehearsals.watch(id, new AbortController().signal));
  assert.deepEqual([told.at(-1)?.state, told.at(-1)?.error], ["failed", "forbidden: give it CREATEDB"]);
  await rehearsals.cancel(id);
  assert.equal(cleanUps(), 1);
});

test("watch() of rehearsals ends when its reader leaves", async () => {
  const { rehearsals } = open(untilAborted);
  const { id } = rehearsals.start(asked);
  const leave = new AbortController();
  const told = all(rehearsals.watch(id, leave.signal));
  leave.abort();
  assert.equal((await told).length, 1);
  await rehearsals.cancel(id);
});

test("createRehearsals() counts from when the last watcher left, however often one was away before", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { rehearsals } = open(untilAborted, 30_000);
  const { id } = rehearsals.start(asked);
  const watchAndLeave = async () => {
    const leave = new AbortController();
    const told = all(rehearsals.watch(id, leave.signal));
    leave.abort();
    await told;
  };
  await watchAndLeave();
  t.mock.timers.tick(29_000);
  await watchAndLeave();
  t.mock.timers.tick(29_000);
  await new Promise(setImmediate);
  assert.equal(rehearsals.get(id).rehearsal.state, "playing");
  t.mock.timers.tick(1_000);
  assert.equal((await all(rehearsals.watch(id, new AbortController().signal))).at(-1)?.state, "cancelled");
});

test("createRehearsals() cancels one that its last watcher has left", async () => {
  const ended = Promise.withResolvers<void>();
  const { rehearsals } = open(async (asked, playing) => {
    try {
      return await untilAborted(asked, playing);
    } finally {
      ended.resolve();
    }
  }, 1);
  const { id } = rehearsals.start(asked);
  const [first, second] = [new AbortController(), new AbortController()];
  const told = [first, second].map(({ signal }) => all(rehearsals.watch(id, signal)));
  first.abort();
  await told[0];
  assert.equal(rehearsals.get(id).rehearsal.state, "playing", "the other one watches");
  second.abort();
  await told[1];
  await ended.promise;
  await rehearsals.cancel(id);
  assert.equal(rehearsals.get(id).rehearsal.state, "cancelled");
});
