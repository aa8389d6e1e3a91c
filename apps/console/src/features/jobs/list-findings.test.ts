import assert from "node:assert/strict";
import { test } from "node:test";
import { listFindings } from "./list-findings.ts";

test("listFindings() says which cap refuses, what does not run and why, who waits and who meets, and nothing of what is well", () => {
  const at = "2030-01-01T06:00:00.000Z";
  const cap = { scope: "all", window: "day", unit: "usd" as const, max: 1, peak: 0.5, peakIn: "2030-01-01" };
  const job = { fired: 1, skipped: 0, missed: 0, runs: 1, quietRuns: 0, failedRuns: 0, durationMs: 1, shownTokens: 1 };
  const rest = { shownTokensMax: 1, shown: [], modelCalls: 1, inputTokens: 1, outputTokens: 1, costUsd: null };
  const named = { jobId: "blog", title: null, state: "active", when: "daily", overlap: "skip" as const };
  const reason = { outcome: "skipped" as const, reason: "it still ran", count: 2, firstAt: at };
  const overlap = { jobId: "blog", policy: "queue-one" as const, skipped: 0, atOnceMax: 1, firstAt: at };
  const found = listFindings(
    {
      caps: [
        { ...cap, refusals: 0, first: null },
        { ...cap, refusals: 3, first: { at, run: "blog#2", used: 1, asked: 0.2 } },
      ],
      jobs: [{ ...named, ...job, ...rest, reasons: [reason] }],
      overlaps: [
        { ...overlap, queued: 0, cancelled: 0 },
        { ...overlap, queued: 1, cancelled: 0 },
      ],
      collisions: [
        {
          kind: "file",
          name: "notes.md",
          jobs: ["blog", "news"],
          count: 4,
          firstAt: at,
          runs: [],
          evidence: "its prompt",
        },
      ],
    },
    () => "at six",
  );
  assert.deepEqual(found, [
    "The cap all of 1 usd (day) refuses 3 calls, first at six in blog#2",
    "blog: 2 skipped, first at six: it still ran",
    "blog: 1 runs wait for an earlier one and 0 are ended by a later one, first at six",
    "blog and news meet at the file notes.md, 4 times, first at six",
  ]);
});
