import assert from "node:assert/strict";
import { test } from "node:test";
import { followRehearsal } from "./follow-rehearsal.ts";
import type { Rehearsal, RehearsalReport } from "./records/rehearsal.ts";

const at = "2030-01-01T06:00:00.000Z";
const playing: Rehearsal = {
  id: "r1",
  state: "playing",
  from: at,
  until: at,
  playedUntil: at,
  runCount: 0,
  error: null,
};
const report = { hours: 24 } as RehearsalReport;

/** A gateway whose rehearsal plays until it is told its end, or is cancelled. */
function createPlayed(end: Partial<Rehearsal>) {
  const started = Promise.withResolvers<void>();
  const cancelled: string[] = [];
  const watched = Promise.withResolvers<void>();
  const client = {
    startRehearsal: async () => {
      await started.promise;
      return { rehearsal: playing };
    },
    watchRehearsal: async function* (_given: object, { signal }: { signal?: AbortSignal | undefined } = {}) {
      yield { data: playing };
      watched.resolve();
      if (end.state === "playing")
        await new Promise((resolve) => signal?.addEventListener("abort", resolve, { once: true }));
      signal?.throwIfAborted();
      yield { data: { ...playing, ...end } };
    },
    getRehearsal: async () => ({ rehearsal: { ...playing, ...end }, report: end.state === "done" ? report : null }),
    cancelRehearsal: async ({ rehearsalId }: { rehearsalId: string }) => {
      cancelled.push(rehearsalId);
      return { rehearsal: { ...playing, state: "cancelled" as const } };
    },
  };
  return { client, cancelled, started, watched };
}

test("followRehearsal() tells of progress and gives the report, or why there is none", async () => {
  const well = createPlayed({ state: "done", runCount: 4 });
  well.started.resolve();
  const told: number[] = [];
  const options = {
    signal: new AbortController().signal,
    onProgress: ({ runCount }: Rehearsal) => told.push(runCount),
  };
  assert.equal(await followRehearsal(well.client, { hours: 24 }, options), report);
  assert.deepEqual([told.at(-1), well.cancelled], [4, []]);
  const ill = createPlayed({ state: "failed", error: "forbidden: give it CREATEDB" });
  ill.started.resolve();
  await assert.rejects(followRehearsal(ill.client, {}, options), { code: "unavailable", message: /CREATEDB/ });
});

test("followRehearsal() cancels what was left, also when it was left before its start was answered", async () => {
  for (const stage of ["starting", "playing"] as const) {
    const { client, cancelled, started, watched } = createPlayed({ state: "playing" });
    const leave = new AbortController();
    const over = followRehearsal(client, {}, { signal: leave.signal, onProgress: () => undefined });
    if (stage === "playing") {
      started.resolve();
      await watched.promise;
    }
    leave.abort();
    started.resolve();
    await assert.rejects(over, { code: "timeout" });
    assert.deepEqual(cancelled, ["r1"], stage);
  }
});
