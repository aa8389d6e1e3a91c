/** Scenarios A to E of docs/scenarios.md, with schedulers that are processes: several at once, killed, and started again later. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Program } from "../../bench/src/living-home/start-program.ts";
import { startScene, type Scene } from "./start-scene.ts";

const at = (text: string) => Date.parse(`2026-03-0${text}Z`);
const spreadMsMax = 5 * 60_000;
const everyHour = { kind: "every", every: "1h", anchor: "2026-03-03T00:00:00Z" } as const;

let scene: Scene;
let gateways: Program[];

before(async () => {
  scene = await startScene({ startMs: at("1T12:00:00"), script: () => () => "done" });
  gateways = [scene.home.gateway];
});
after(() => scene[Symbol.asyncDispose]());

/** No scheduler runs in this time. */
async function bePowerlessUntil(ms: number): Promise<void> {
  for (const gateway of gateways) await gateway.kill("SIGKILL");
  await scene.time.leapTo(ms);
  gateways = [await scene.home.addGateway()];
  // After an outage late runs start spread over a few minutes.
  for (let { nextMs } = await scene.time.untilQuiet(); nextMs !== undefined && nextMs < ms + spreadMsMax;) {
    await scene.time.leapTo(nextMs);
    ({ nextMs } = await scene.time.untilQuiet());
  }
}

async function defineJob(jobId: string, fields: object): Promise<void> {
  const definition = { prompt: "do it", ...fields } as { prompt: string; trigger: { kind: "manual" } };
  await scene.home.api.defineJob({ jobId, ...definition });
}

/** Oldest first. */
async function ticksOf(jobId: string) {
  const { items: ticks } = await scene.home.api.listTicks({ jobId, limit: 100 });
  return ticks.toReversed();
}

/** What the runs of a job were told, in their order. */
async function toldTo(jobId: string): Promise<string[]> {
  return scene.model.requests.map(({ userText }) => userText).filter((text) => text.includes(`[cron:${jobId} `));
}

test("A: six jobs fall due in 12 s while two gateways schedule on one database, and each runs once", async () => {
  const { home, time } = scene;
  const jobIds = Array.from({ length: 6 }, (_, index) => `twelve-${index}`);
  for (const jobId of jobIds) await defineJob(jobId, { trigger: { kind: "at", at: "2026-03-01T12:05:12Z" } });
  await time.leapTo(at("1T12:05:00"));
  gateways.push(await home.addGateway());
  await time.leapTo(at("1T12:05:12.100"));
  await time.untilQuiet();
  for (const jobId of jobIds) {
    const ticks = await ticksOf(jobId);
    assert.deepEqual(
      ticks.map(({ outcome }) => outcome),
      ["fired"],
    );
    assert.equal((await toldTo(jobId)).length, 1, "its one run asked the model once");
  }
});

test("B: what ran at 22:00 does not run again when everything is killed and started at 22:30", async () => {
  await defineJob("evening", { trigger: { kind: "cron", expression: "0 22 * * *", timeZone: "UTC" } });
  await scene.time.leapTo(at("1T22:00:00.200"));
  await scene.time.untilQuiet();
  assert.equal((await ticksOf("evening")).length, 1);
  await bePowerlessUntil(at("1T22:30:00"));
  assert.equal((await ticksOf("evening")).length, 1);
  assert.equal((await toldTo("evening")).length, 1);
  const { job } = await scene.home.api.getJob({ jobId: "evening" });
  assert.equal(job.nextAt, "2026-03-02T22:00:00.000Z");
});

test("C: nothing runs from 8:29:47 to 8:31:05; the job of 8:30 runs once, and is told how late it is", async () => {
  await defineJob("morning", { trigger: { kind: "cron", expression: "30 8 * * *", timeZone: "UTC" } });
  await scene.time.leapTo(at("2T08:29:47"));
  await scene.time.untilQuiet();
  await bePowerlessUntil(at("2T08:31:05"));
  const [tick, ...more] = await ticksOf("morning");
  assert.deepEqual([tick?.outcome, tick?.scheduledAt, more], ["fired", "2026-03-02T08:30:00.000Z", []]);
  assert.ok(tick!.lateMs >= 65_000 && tick!.lateMs < 600_000, `${tick!.lateMs} ms late`);
  const told = await toldTo("morning");
  assert.equal(told.length, 1);
  assert.match(told[0]!, /This run is \d+.* late/);
});

test("D: nothing runs for twelve intervals: one run that is told so, or with skip none, and a row for each", async () => {
  await scene.time.leapTo(at("3T00:00:30"));
  await scene.time.untilQuiet();
  await defineJob("hourly", { trigger: everyHour });
  await defineJob("hourly-skip", { trigger: everyHour, catchUp: { policy: "skip" } });
  await defineJob("once", { trigger: { kind: "at", at: "2026-03-03T09:00:00Z" } });
  await defineJob("once-young", {
    trigger: { kind: "at", at: "2026-03-03T09:00:00Z" },
    catchUp: { policy: "last", windowMs: 3_600_000 },
  });
  await bePowerlessUntil(at("3T13:00:05"));
  const ticks = await ticksOf("hourly");
  assert.deepEqual(
    ticks.map(({ outcome, missedCount }) => `${outcome} ${missedCount}`),
    [...Array.from({ length: 12 }, () => "missed 1"), "fired 12"],
  );
  assert.ok(ticks.slice(0, -1).every(({ reason }) => reason !== null));
  const told = await toldTo("hourly");
  assert.equal(told.length, 1);
  assert.match(told[0]!, /12 ticks before it were missed/);
  const skipped = (await ticksOf("hourly-skip")).slice(0, 12);
  assert.ok(skipped.length === 12 && skipped.every(({ outcome, runId }) => outcome === "skipped" && runId === null));
});

test("E: a one-shot that fell due meanwhile has fired late, or is recorded as missed when it was too old", async () => {
  const [late] = await ticksOf("once");
  assert.equal(late?.outcome, "fired");
  assert.ok(late.lateMs >= 4 * 3_600_000);
  assert.equal((await toldTo("once")).length, 1);
  const [missed] = await ticksOf("once-young");
  assert.deepEqual([missed?.outcome, missed?.runId], ["missed", null]);
  assert.match(missed!.reason!, /catch-up window/);
});
