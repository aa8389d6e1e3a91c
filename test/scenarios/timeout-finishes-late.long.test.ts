/** Scenario H of docs/scenarios.md, with real processes: the first attempt is not dead, only slow. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { hearEnd } from "../../bench/src/week/live-week.ts";
import { readSteps } from "../week/read-record.ts";
import { startScene } from "./start-scene.ts";

const startMs = Date.parse("2025-11-24T12:00:00Z");
const timeoutMs = 60_000;

test("H: a run's time is over and it is tried again; the first attempt finishes late, changes nothing, and the effect has happened once", async () => {
  const busy = Promise.withResolvers<void>();
  // With room for one run each, a worker takes another only when it has let go of the first.
  await using scene = await startScene({
    startMs,
    workerCount: 2,
    environment: { ROOST_CONCURRENCY: "1" },
    script:
      ({ keyed }) =>
      ({ messages, userText }) => {
        if (userText.includes("busy")) return { text: "I was", before: busy.promise };
        if (messages.at(-1)?.role === "tool") return "published";
        return { toolCalls: [{ name: "http_send_keyed", arguments: { url: `${keyed.url}/posts`, body: "{}" } }] };
      },
  });
  const { home, world, time, database, model } = scene;
  const hold = world.keyed.hold("/posts");
  await home.api.defineJob({
    jobId: "publish",
    trigger: { kind: "manual" },
    prompt: "publish the post",
    timeoutMs,
    retry: { attemptsMax: 2, backoffMs: 1_000 },
  });
  const { tick } = await home.api.runJob({ jobId: "publish" });
  const runId = tick.runId!;
  await hold.arrived;
  const slow = await home.findWorkerOf(runId);
  process.kill(slow.pid, "SIGSTOP");
  // It keeps its lease: only the run's own time is over.
  await time.leapTo(startMs + 2 * timeoutMs);
  await until(async () => (await home.api.getRun({ runId })).run.state === "waiting");
  await time.leapTo(startMs + 3 * timeoutMs);
  await until(async () => world.keyed.requests.length === 2);
  hold.release();
  const end = await hearEnd(home, runId);
  assert.deepEqual(end, { state: "done", text: "published" });
  const before = await home.api.getRun({ runId });

  process.kill(slow.pid, "SIGCONT");
  const requestCount = model.requests.length;
  for (const sessionKey of ["one", "two"]) await home.api.sendMessage({ sessionKey, text: "Be busy" });
  await model.arrived(requestCount + 1);
  assert.deepEqual(await home.api.getRun({ runId }), before);
  busy.resolve();
  assert.equal(world.keyed.effects.length, 1);
  assert.equal(before.run.attempt, 2);
  const sent = (await readSteps(database)).filter((step) => step.runId === runId && step.kind === "tool");
  assert.deepEqual(
    sent.map(({ name, state }) => [name, state]),
    [["tool:http_send_keyed#1", "done"]],
  );
});
