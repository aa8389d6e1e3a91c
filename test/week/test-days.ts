/**
 * A home lives for simulated days on everything that is real but time and model: PostgreSQL, a gateway, two worker processes, an
 * OpenAI-compatible server, HTTP servers that it acts upon. What Roost promises is then read from its record and from the world's.
 */
import assert from "node:assert/strict";
import { before, after, test } from "node:test";
import { ideasOf } from "../../bench/src/week/create-week-script.ts";
import { runOf, type Incident } from "../../bench/src/week/live-week.ts";
import {
  exampleCheckMinutes,
  listTalk,
  openWeek,
  weekStartMs as startMs,
  type Week,
} from "../../bench/src/week/open-week.ts";
import { readPrompt, type Prompt } from "../../bench/src/week/read-prompt.ts";
import type { World } from "../../bench/src/week/start-world.ts";
import { expectedTicks } from "./expected-ticks.ts";
import { readGaps, readRuns, readSteps, readTicks, type WeekRun, type StepRow, type TickRow } from "./read-record.ts";

const heartbeatsPerDay = 32;
/** One comment, one review, four talks, one effect of unknown outcome, one state that became stale, one first beat. */
const changesMax = 9;

/** Of what the person is asked to approve in a day. */
const approvalsPerDayMax = 3;

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
    expectedTicks({ startMs, endMs, firstHeartbeatMs: week.firstHeartbeatMs, checkEveryMinutes })[jobId]!.map(
      ({ at }) => at.slice(0, 10),
    );
  let week: Week;
  let prompts: (Prompt & { text: string })[];
  let ticks: TickRow[];
  let runs: WeekRun[];
  let steps: StepRow[];

  before(async () => {
    week = await openWeek({ checkEveryMinutes });
    const incidents = [...listTalk(week), ...listKills()];
    await week.live(
      endMs,
      incidents.filter(({ at }) => lives(at)),
    );
    const { database, model } = week;
    [ticks, runs, steps] = await Promise.all([readTicks(database), readRuns(database), readSteps(database)]);
    prompts = model.requests.map((request) => ({
      ...readPrompt(request),
      text: request.messages.map(({ content }) => content ?? "").join("\n"),
    }));
  });
  after(() => week[Symbol.asyncDispose]());

  /** The worker of the video producer dies while the world has done what it was asked and not answered; main speaks meanwhile. */
  function listKills(): Incident[] {
    const { home, world, ask } = week;
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
      { at: firstDeathAt, happen: killWhile(world.keyed, "/renderings", "Are you there?") },
      { at: secondDeathAt, happen: killWhile(world.plain, "/announcements", "And now?") },
    ];
  }

  test("days have one tick for every due moment of every job, none twice, none lost", () => {
    const expected = expectedTicks({ startMs, endMs, firstHeartbeatMs: week.firstHeartbeatMs, checkEveryMinutes });
    assert.ok(
      Math.abs(week.firstHeartbeatMs - startMs - 1_800_000) < 60_000,
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
    assert.deepEqual(await readGaps(week.database), []);
  });

  test("two jobs that want one topic in other words make it once", () => {
    const made = [...week.world.keyed.effects].map(({ path, body }) => ({
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
      const requests = week.world.keyed.requests.filter((request) => request.path === path);
      const keys = new Set(requests.map(({ key }) => key));
      assert.equal(week.world.keyed.effects.filter((effect) => effect.path === path).length, keys.size);
      assert.equal(
        requests.length,
        path === "/posts" ? daysOf("blog-writer").length : daysOf("video-producer").length + 1,
        "one rendering was asked for again",
      );
    }
    const announced = week.world.plain.requests
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

  test("the person is asked to approve no more than three calls a day, each approved for itself", () => {
    const byDay = Map.groupBy(week.approvals, ({ day }) => day);
    const most = Math.max(0, ...[...byDay.values()].map(({ length }) => length));
    assert.ok(week.approvals.length > 0 && most <= approvalsPerDayMax, JSON.stringify(week.approvals));
  });

  test("main answers while a worker is dead", () => {
    // Before and during the first death, for the item, and during the second.
    const asked = [firstDeathAt, firstDeathAt, askedForItemAt, secondDeathAt].filter(lives);
    assert.deepEqual(
      week.answers.map(({ state }) => state),
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
      assert.equal(week.answers[2]?.text, `More about it: ${item}.`);
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
