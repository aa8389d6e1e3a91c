import assert from "node:assert/strict";
import { test } from "node:test";
import { describeCap, listFindings } from "./describe-rehearsal.ts";

test("listFindings() says what does not run and why, who waits and who meets, and which caps refuse or are near, and nothing of what is well", () => {
  const at = "2030-01-01T06:00:00.000Z";
  const formats = { at: () => "at six", usd: (usd: number) => `$${usd}`, count: String };
  const cap = { scope: "all", window: "day", unit: "usd" as const, max: 1, peak: 0.4, peakIn: "2030-01-01" };
  const job = { fired: 1, skipped: 0, missed: 0, runs: 1, quietRuns: 0, failedRuns: 0, durationMs: 1, shownTokens: 1 };
  const rest = { shownTokensMax: 1, shown: [], modelCalls: 1, inputTokens: 1, outputTokens: 1, costUsd: null };
  const named = { jobId: "blog", title: null, state: "active", when: "daily", overlap: "skip" as const };
  const reason = { outcome: "skipped" as const, reason: "it still ran", count: 2, firstAt: at };
  const overlap = { jobId: "blog", policy: "queue-one" as const, skipped: 1, queued: 1, cancelled: 0, atOnceMax: 1 };
  const fine = { ...cap, refusals: 0, first: null };
  const report = {
    caps: [
      fine,
      { ...fine, scope: "job:blog", unit: "tokens" as const, max: 1_000, peak: 600 },
      { ...cap, refusals: 1, first: { at, run: "blog#2", used: 1, asked: 0.2 } },
    ],
    jobs: [{ ...named, ...job, ...rest, reasons: [reason] }],
    overlaps: [{ ...overlap, firstAt: at }],
    collisions: [
      {
        kind: "file" as const,
        name: "notes.md",
        jobs: ["blog", "news"],
        count: 4,
        firstAt: at,
        runs: ["blog#1"],
        evidence: "its prompt",
      },
    ],
    bursts: [{ jobs: ["blog", "news"], count: 1, firstAt: at }],
  };
  assert.deepEqual(
    listFindings(report, formats).map(({ about, tone, text }) => `${about}, ${tone}: ${text}`),
    [
      "reason, plain: blog: 2 skipped, first at six: it still ran",
      "overlap, warn: blog (overlap queue-one): 1 tick skipped during an active run, 1 run queued behind another; first at six",
      "collision, warn: file notes.md: blog and news, 4 times, first at six (blog#1); its prompt",
      "burst, plain: blog, news: once, first at six",
      "cap, plain: job:blog: 1000 tokens a day: 60 % at most (600 tokens in 2030-01-01)",
      "cap, bad: everything: $1 a day: exceeded by blog#2 at at six ($1 used, $0.2 asked for); 1 call refused",
    ],
  );
  assert.equal(describeCap(fine, formats), "everything: $1 a day: 40 % at most ($0.4 in 2030-01-01)");
});
