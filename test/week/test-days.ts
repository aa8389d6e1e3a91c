/**
 * A home lives for simulated days on everything that is real but time and model: PostgreSQL, a gateway, two worker processes, an
 * OpenAI-compatible server, HTTP servers that it acts upon. What Roost promises is then read from its record and from the world's.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { before, after, test } from "node:test";
import { startScriptedModelServer, type ScriptedModelServer } from "@roost/agent/testing";
import type { Database } from "@roost/database";
import { createTestDatabase } from "@roost/database/testing";
import { readSchemas } from "@roost/kernel";
import { homeRooms } from "@roost/worker/home-rooms";
import { startHome, type LivingHome } from "../../bench/src/living-home/start-home.ts";
import { createSimulatedTime } from "../../bench/src/living-home/simulated-time.ts";
import { createWeekScript, ideasOf } from "./create-week-script.ts";
import { expectedTicks } from "./expected-ticks.ts";
import { hearEnd, liveWeek, runOf, say, type Incident } from "./live-week.ts";
import { readGaps, readRuns, readSteps, readTicks, type WeekRun, type StepRow, type TickRow } from "./read-record.ts";
import { readPrompt, type Prompt } from "./read-prompt.ts";
import { openTo, startWorld, type World } from "./start-world.ts";

/** A Monday. */
const startMs = Date.parse("2025-11-24T00:00:00Z");
const heartbeatsPerDay = 32;
/** One comment, one review, four talks, one effect of unknown outcome, one state that became stale, one first beat. */
const changesMax = 9;

/** How often the example home looks for comments. */
const exampleCheckMinutes = 20;

/** The worker of the video producer dies while it is asked to render, and two days later while it is to announce. */
const firstDeathAt = "2025-11-24T09:00:00.000Z";
const secondDeathAt = "2025-11-26T09:00:00.000Z";
/** The person asks for an item of what a cron has posted. */
const askedForItemAt = "2025-11-25T07:10:00.000Z";
/** Who is refused a subject, as its prompt says it, and when. */
const refusals = [
  { by: "video-producer 2025-11-24 10:00", at: firstDeathAt },
  { by: "blog-writer 2025-11-25 06:00", at: "2025-11-25T05:00:00.000Z" },
];

/** Registers the tests of a home that lives until then: at least through the first death of a worker. Everything has happened to it after the second. */
export function testDays(endMs: number, { checkEveryMinutes = exampleCheckMinutes } = {}): void {
  const dayCount = (endMs - startMs) / 86_400_000;
  const lives = (at: string) => Date.parse(at) < endMs;
  const checkCount = dayCount * ((24 * 60) / checkEveryMinutes);
  /** The days on which the job was due. */
  const daysOf = (jobId: "blog-writer" | "video-producer") =>
    expectedTicks({ startMs, endMs, firstHeartbeatMs, checkEveryMinutes })[jobId]!.map(({ at }) => at.slice(0, 10));
  const opened = new AsyncDisposableStack();
  let world: World;
  let model: ScriptedModelServer;
  let prompts: (Prompt & { text: string })[];
  let answers: { state: string; text: string }[];
  let firstHeartbeatMs: number;
  let ticks: TickRow[];
  let runs: WeekRun[];
  let steps: StepRow[];
  let database: Database;

  before(async () => {
    world = opened.use(await startWorld());
    model = opened.use(await startScriptedModelServer({ script: createWeekScript(world), models: ["scripted"] }));
    const migrations = await readSchemas(homeRooms);
    const testDatabase = opened.use(await createTestDatabase({ migrations }));
    database = testDatabase.database;
    const time = opened.use(await createSimulatedTime(database, startMs));
    const home = opened.use(
      await startHome({
        databaseUrl: testDatabase.url,
        modelUrl: model.url,
        workerCount: 2,
        parentDirectory: existsSync("/dev/shm") ? "/dev/shm" : tmpdir(),
        files: {
          "roost.yaml": (settings) => openTo(world, settings),
          "jobs/social-checker.yaml": (text) =>
            text.replace(`every: ${exampleCheckMinutes}m,`, `every: ${checkEveryMinutes}m,`),
        },
      }),
    );
    const { job } = await home.api.getJob({ jobId: "heartbeat" });
    firstHeartbeatMs = Date.parse(job.nextAt ?? "");
    answers = [];
    try {
      await liveWeek({ time, home, endMs, incidents: listIncidents(home).filter(({ at }) => lives(at)) });
    } catch (error) {
      throw new Error(home.readLogs(), { cause: error });
    }
    [ticks, runs, steps] = await Promise.all([readTicks(database), readRuns(database), readSteps(database)]);
    prompts = model.requests.map((request) => ({
      ...readPrompt(request),
      text: request.messages.map(({ content }) => content ?? "").join("\n"),
    }));
  });
  after(() => opened.disposeAsync());

  /** What happens to the home, besides its jobs. */
  function listIncidents(home: LivingHome): Incident[] {
    const ask = (text: string) => async () => {
      answers.push(await hearEnd(home, await say(home, text)));
    };
    /** The worker of the video producer dies while the world has done what it was asked and not answered; main speaks meanwhile. */
    const killWhile = (server: World["plain"], path: string, text: string) => async () => {
      const hold = server.hold(path);
      await hold.arrived;
      const runId = await runOf(home, "video-producer");
      await home.killWorkerOf(runId);
      await ask(text)();
      const { run } = await home.api.getRun({ runId });
      // What has a key is asked again and held; what has none never is, so its run may be over before main has answered.
      if (server === world.keyed) assert.equal(run.endedAt, null, "main was to answer while the video was being made");
      hold.release();
      await home.addWorker();
    };
    return [
      {
        at: "2025-11-24T12:00:00.000Z",
        happen: async () => void world.comments.push({ day: "2025-11-24", from: "Ada", text: "Which fan?" }),
      },
      { at: "2025-11-24T08:55:00.000Z", happen: ask("Good morning") },
      { at: firstDeathAt, happen: killWhile(world.keyed, "/renderings", "Are you there?") },
      { at: askedForItemAt, happen: ask("Please expand item 3") },
      { at: secondDeathAt, happen: killWhile(world.plain, "/announcements", "And now?") },
    ];
  }

  test("days have one tick for every due moment of every job, none twice, none lost", () => {
    const expected = expectedTicks({ startMs, endMs, firstHeartbeatMs, checkEveryMinutes });
    assert.ok(
      Math.abs(firstHeartbeatMs - startMs - 1_800_000) < 60_000,
      "the heartbeat begins half an hour after the home does",
    );
    for (const [jobId, moments] of Object.entries(expected)) {
      const recorded = ticks.filter((tick) => tick.jobId === jobId).map(({ at, outcome }) => ({ at, outcome }));
      assert.deepEqual(recorded, moments, jobId);
    }
    assert.deepEqual(
      ticks.filter(({ jobId }) => !Object.hasOwn(expected, jobId)),
      [],
    );
    assert.ok(ticks.every(({ standsFor }) => standsFor === 1));
  });

  test("days have one run for every tick that fired, and each of them is done", () => {
    const fired = ticks.filter(({ outcome }) => outcome === "fired").map(({ runId }) => runId);
    const ofJobs = runs.filter(({ jobId }) => jobId !== null).map(({ id }) => id);
    assert.deepEqual(ofJobs.toSorted(), fired.toSorted());
    assert.equal(new Set(fired).size, fired.length);
    assert.deepEqual(
      runs.filter(({ state }) => state !== "done"),
      [],
    );
  });

  test("the days' events have dense offsets in every partition", async () => {
    assert.deepEqual(await readGaps(database), []);
  });

  test("two jobs that want one topic in other words make it once", () => {
    const made = [...world.keyed.effects].map(({ path, body }) => ({
      path,
      meaning: String(body["meaning"]),
      day: String(body["day"]),
    }));
    const posts = made.filter(({ path }) => path === "/posts");
    assert.deepEqual(
      posts.map(({ day }) => day),
      daysOf("blog-writer"),
    );
    assert.equal(new Set(made.map(({ meaning }) => meaning)).size, made.length, JSON.stringify(made));
    const refused = prompts.filter(({ results }) =>
      results.get("reserve_subject")?.some((text) => text.includes('"granted":false')),
    );
    assert.deepEqual(
      [...new Set(refused.map(({ jobId, scheduledFor }) => `${jobId} ${scheduledFor}`))],
      refusals.filter(({ at }) => lives(at)).map(({ by }) => by),
    );
  });

  test("a step that was cut off by kill -9 is repeated with its key, and without one is unknown and not repeated", () => {
    for (const path of ["/renderings", "/posts"]) {
      const requests = world.keyed.requests.filter((request) => request.path === path);
      const keys = new Set(requests.map(({ key }) => key));
      assert.equal(world.keyed.effects.filter((effect) => effect.path === path).length, keys.size);
      assert.equal(
        requests.length,
        path === "/posts" ? daysOf("blog-writer").length : daysOf("video-producer").length + 1,
        "one rendering was asked for again",
      );
    }
    const announced = world.plain.requests
      .filter(({ path }) => path === "/announcements")
      .map(({ body }) => body["day"]);
    assert.deepEqual(announced, daysOf("video-producer"));
    const unknown = steps.filter(({ state }) => state === "unknown");
    assert.deepEqual(
      unknown.map(({ name, effect }) => [name.replace(/#\d+$/, ""), effect]),
      lives(secondDeathAt) ? [["tool:http_send", "unsafe"]] : [],
    );
    if (!lives(secondDeathAt)) return;
    const [told] = runs.filter(({ id }) => id === unknown[0]?.runId);
    assert.match(told?.output?.text ?? "", /I cannot tell whether it was announced/);
  });

  test("main answers while a worker is dead", () => {
    // Before and during the first death, for the item, and during the second.
    const asked = [firstDeathAt, firstDeathAt, askedForItemAt, secondDeathAt].filter(lives);
    assert.deepEqual(
      answers.map(({ state }) => state),
      asked.map(() => "done"),
    );
  });

  if (lives(askedForItemAt))
    test("N: a cron posts a list, and main can expand item 3 of it", () => {
      const item = ideasOf("2025-11-25")[2]!;
      const [asked] = prompts.filter((prompt) => prompt.kind === "main" && prompt.asked.includes("expand item 3"));
      // The post rests on what a server answered: the digest names the run and its mark, and the tool shows it, marked.
      assert.match(
        asked?.asked ?? "",
        /blog-writer finished \(\d+ characters that rest on content from web:127\.0\.0\.1/,
      );
      assert.ok(asked !== undefined && !asked.asked.includes(item), `the digest repeats marked text:\n${asked?.asked}`);
      assert.equal(answers[2]?.text, `More about it: ${item}.`);
    });

  test("a heartbeat whose inputs did not change calls no model", () => {
    const beats = runs.filter(({ sessionKind }) => sessionKind === "heartbeat");
    const called = new Set(steps.filter(({ kind }) => kind === "model").map(({ runId }) => runId));
    const quiet = beats.filter(({ id }) => !called.has(id));
    assert.ok(quiet.every(({ output }) => output?.kind === "quiet" && output.reason === "unchanged"));
    assert.equal(prompts.filter(({ kind }) => kind === "heartbeat").length, beats.length - quiet.length);
    const made = daysOf("blog-writer").length + daysOf("video-producer").length;
    assert.ok(
      beats.length >= Math.floor(dayCount) * heartbeatsPerDay && beats.length - quiet.length <= made + changesMax,
      `${beats.length - quiet.length} of ${beats.length} heartbeats called the model`,
    );
  });

  test("O: a cron is never shown what main remembers", () => {
    const secret = "Jule";
    const crons = prompts.filter(({ kind }) => kind === "cron");
    assert.ok(crons.length > checkCount * 2);
    assert.deepEqual(
      crons.filter(({ text }) => text.includes(secret) || text.includes("Are you there?")),
      [],
    );
    const others = prompts.filter(({ kind }) => kind !== "cron");
    assert.ok(others.length > 0 && others.every(({ text }) => text.includes(secret)));
  });
}
