/** Messages wait behind one another; the run at their head hangs with its worker. They are answered all the same, each once, in order. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { startScriptedModelServer } from "@roost/agent/testing";
import { createTestDatabase } from "@roost/database/testing";
import { readSchemas } from "@roost/kernel";
import { homeRooms } from "@roost/worker/home-rooms";
import { createSimulatedTime } from "../../bench/src/living-home/simulated-time.ts";
import { startHome, withoutJobs } from "../../bench/src/living-home/start-home.ts";
import { hearEnd, say } from "../../bench/src/week/live-week.ts";

const startMs = Date.parse("2025-11-24T12:00:00Z");
/** Longer than a worker's lease. */
const hangMs = 30_000;
const numbers = [1, 2, 3, 4, 5, 6, 7, 8];

test("J: eight queued messages are answered in order although the worker of the first one hangs", async () => {
  const hung = Promise.withResolvers<void>();
  await using model = await startScriptedModelServer({
    script: ({ userText, index }) => {
      const answer = {
        text: `Answer ${userText
          .match(/Message (\d)/g)
          ?.at(-1)
          ?.slice(-1)}`,
      };
      return index === 0 ? { ...answer, before: hung.promise } : answer;
    },
  });
  const migrations = await readSchemas(homeRooms);
  await using opened = await createTestDatabase({ migrations });
  await using time = await createSimulatedTime(opened.database, startMs);
  await using home = await startHome({
    databaseUrl: opened.url,
    modelUrl: model.url,
    workerCount: 2,
    files: withoutJobs,
    parentDirectory: existsSync("/dev/shm") ? "/dev/shm" : tmpdir(),
  });
  const runIds: string[] = [];
  const first = model.arrived(0);
  for (const number of numbers) runIds.push(await say(home, `Message ${number}`));
  await first;

  const worker = await home.findWorkerOf(runIds[0]!);
  process.kill(worker.pid, "SIGSTOP");
  await time.leapTo(startMs + hangMs, { hungPid: worker.pid });
  const ends = [];
  for (const runId of runIds) ends.push(await hearEnd(home, runId));
  assert.deepEqual(
    ends,
    numbers.map((number) => ({ state: "done", text: `Answer ${number}` })),
  );

  // What the hung one was about to say is lost.
  process.kill(worker.pid, "SIGCONT");
  hung.resolve();
  await worker.kill("SIGTERM");
  const { messages } = await home.api.getSession({ sessionKey: "main" });
  const said = messages.items.filter(({ role }) => role === "assistant").map(({ text }) => text);
  assert.deepEqual(
    said,
    numbers.map((number) => `Answer ${number}`),
  );
  const { run } = await home.api.getRun({ runId: runIds[0]! });
  assert.equal(run.epoch, 3, "claimed, taken away, claimed again");
  const order = await opened.database.query<{ id: string }>("select id::text from roost.run_all order by ended_at, id");
  assert.deepEqual(
    order.map(({ id }) => id),
    runIds,
  );
});
