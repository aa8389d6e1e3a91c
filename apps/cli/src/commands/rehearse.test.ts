import assert from "node:assert/strict";
import { test } from "node:test";
import type { Rehearsal, RehearsalReport } from "@roost/contract/operations";
import { someStatus } from "../testing/records.ts";
import { serveGateway, type GatewayHandlers } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";
import { startRoost } from "../testing/start-roost.ts";

const from = "2026-11-20T23:00:00.000Z";
const until = "2026-11-21T23:00:00.000Z";
const playing: Rehearsal = { id: "r1", state: "playing", from, until, playedUntil: from, runCount: 0, error: null };
const counts = { modelCalls: 3, inputTokens: 9_000, outputTokens: 1_200, costUsd: 0.12 };

const report: RehearsalReport = {
  from,
  until,
  hours: 24,
  timeZone: "Europe/Berlin",
  changes: [{ jobId: "blog", change: "changed", paths: ["trigger.expression"] }],
  totals: {
    fired: 4,
    skipped: 8,
    missed: 0,
    runs: 4,
    quietRuns: 0,
    failedRuns: 1,
    goingMax: 2,
    places: 16,
    waitedMsMax: 60_000,
    ...counts,
  },
  timeline: Array.from({ length: 24 }, (_, hour) => ({
    at: new Date(Date.parse(from) + hour * 3_600_000).toISOString(),
    fired: hour === 6 ? 4 : 0,
    skipped: hour === 6 ? 8 : 0,
    missed: 0,
    goingMax: hour === 6 ? 2 : 0,
    tokens: hour === 6 ? 10_200 : 0,
    costUsd: hour === 6 ? 0.12 : 0,
  })),
  jobs: [
    {
      jobId: "blog",
      title: "Blog\u001b]0;evil\u0007",
      state: "active",
      when: "0 6 * * *",
      overlap: "skip",
      fired: 4,
      skipped: 8,
      missed: 0,
      reasons: [
        {
          outcome: "skipped",
          reason: "run blog#1 is still active (running)",
          count: 8,
          firstAt: "2026-11-21T05:10:00.000Z",
        },
      ],
      runs: 4,
      quietRuns: 0,
      failedRuns: 1,
      durationMs: 1_500_000,
      shownTokens: 3_000,
      shownTokensMax: 3_100,
      shown: [
        { source: "AGENTS.md", tokens: 1_000 },
        { source: "tools", tokens: 2_100 },
      ],
      ...counts,
    },
  ],
  overlaps: [
    {
      jobId: "blog",
      policy: "skip",
      skipped: 8,
      queued: 0,
      cancelled: 0,
      atOnceMax: 1,
      firstAt: "2026-11-21T05:10:00.000Z",
    },
  ],
  collisions: [
    {
      kind: "lock",
      name: "backups",
      jobs: ["blog", "video"],
      count: 1,
      firstAt: "2026-11-21T05:00:00.000Z",
      runs: ["blog#1", "video#1"],
      evidence: "blog: 3 of its last 10 runs; video: named in its prompt",
    },
  ],
  bursts: [{ jobs: ["blog", "video"], count: 2, firstAt: "2026-11-21T05:00:00.000Z" }],
  caps: [
    {
      scope: "all",
      window: "day",
      unit: "usd",
      max: 0.5,
      peak: 0.36,
      peakIn: "2026-11-21",
      refusals: 2,
      first: { at: "2026-11-21T08:00:00.000Z", run: "blog#4", used: 0.36, asked: 0.41 },
    },
  ],
  ticks: [],
  runs: [
    {
      run: "blog#4",
      jobId: "blog",
      sessionKey: "cron:blog",
      why: "cron",
      wasGoing: false,
      dueAt: "2026-11-21T08:00:00.000Z",
      startedAt: "2026-11-21T08:00:00.000Z",
      endedAt: "2026-11-21T08:00:00.000Z",
      waitedMs: 0,
      state: "failed",
      error: "the cap refuses",
      shownTokens: 3_000,
      shown: [],
      ...counts,
    },
  ],
  assumptions: [{ about: "money", text: "at the prices of roost.yaml, uncached" }],
};

const asked: unknown[] = [];

function playingTo(end: Partial<Rehearsal>): GatewayHandlers {
  const over = { ...playing, playedUntil: until, runCount: 4, ...end };
  return {
    getStatus: () => someStatus({ timeZone: "Europe/Berlin" }),
    startRehearsal: (input) => {
      asked.push(input);
      return { rehearsal: playing };
    },
    watchRehearsal: async function* () {
      yield { id: "1", event: "playing", data: playing };
      yield { id: "2", event: over.state, data: over };
    },
    getRehearsal: () => ({ rehearsal: over, report: over.state === "done" ? report : null }),
  };
}

for (const columns of [80, 40]) {
  test(`roost rehearse writes its report within ${columns} columns`, async () => {
    await using gateway = await serveGateway(playingTo({ state: "done" }));
    const environment = { COLUMNS: String(columns) };
    const { code, stdout } = await runRoost(["rehearse", "--runs"], { ...gateway, environment });
    assert.equal(code, 0);
    const lines = stdout.split("\n");
    assert.deepEqual(
      lines.filter((line) => line.length > columns),
      [],
    );
    assert.ok(!stdout.includes("\u001b"));
    const text = stdout.replaceAll(/\s+/g, " ");
    for (const said of [
      "Sat 21 Nov 2026 00:00 to Sun 22 Nov 2026 00:00, Europe/Berlin",
      "4 ticks fire, 8 are skipped; 4 runs, 1 of them fails, at most 2 at once, the longest wait 1m",
      "tried: blog changed (trigger.expression)",
      "blog: 8 skipped, first 06:10: run blog#1 is still active (running)",
      "blog (overlap skip): 8 ticks skipped during an active run; first 06:10",
      "lock backups: blog and video, once, first 06:00 (blog#1, video#1)",
      "blog, video: 2 times, first 06:00",
      "exceeded by blog#4 at 09:00 ($0.36 used, $0.41 asked for); 2 calls refused",
      "blog: 3.1k tokens (tools 2.1k, AGENTS.md 1.0k)",
      "money: at the prices of roost.yaml, uncached",
    ])
      assert.ok(text.includes(said), `it does not say "${said}":\n${stdout}`);
  });
}

test("roost rehearse asks for hours, a beginning and jobs to try, and prints the whole report as JSON", async () => {
  await using gateway = await serveGateway(playingTo({ state: "done" }));
  const input = "id: tried\nprompt: look\ntrigger: { kind: manual }\n";
  const args = ["rehearse", "--json", "--hours", "48", "--from", "2027-03-28T00:00", "--jobs", "-"];
  const { code, stdout } = await runRoost(args, { ...gateway, input });
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), report);
  const [{ hours, from: begin, jobs }] = asked.slice(-1) as [{ hours: number; from: string; jobs: { id: string }[] }];
  assert.deepEqual([hours, begin, jobs.map(({ id }) => id)], [48, "2027-03-27T23:00:00.000Z", ["tried"]]);
});

test("roost rehearse says why one failed, and refuses a beginning that is none", async () => {
  await using gateway = await serveGateway(playingTo({ state: "failed", error: "forbidden: give it CREATEDB" }));
  const failed = await runRoost(["rehearse"], gateway);
  assert.deepEqual([failed.code, failed.stdout], [69, ""]);
  assert.match(failed.stderr, /forbidden: give it CREATEDB/);
  const { code, stderr } = await runRoost(["rehearse", "--from", "tomorrow"], gateway);
  assert.equal(code, 64);
  assert.match(stderr, /--from "tomorrow" is not a moment/);
});

test("roost rehearse ends the rehearsal when it is interrupted", async () => {
  let cancelled = 0;
  await using gateway = await serveGateway({
    ...playingTo({}),
    watchRehearsal: async function* (_, { signal }) {
      yield { id: "1", event: "playing", data: playing };
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    },
    cancelRehearsal: () => {
      cancelled += 1;
      return { rehearsal: { ...playing, state: "cancelled" } };
    },
  });
  const { child, said, ended } = startRoost(["rehearse"], gateway);
  await said("rehearsing");
  child.kill("SIGINT");
  const { code } = await ended;
  assert.deepEqual([code, cancelled], [75, 1]);
});
