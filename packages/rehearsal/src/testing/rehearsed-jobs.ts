import assert from "node:assert/strict";
import type { RehearsalReport } from "@roost/contract/operations";

export function jobOf(report: RehearsalReport, jobId: string) {
  const job = report.jobs.find((each) => each.jobId === jobId);
  assert.ok(job, `the report has no job ${jobId}`);
  return job;
}

/** Definitions as files of jobs hold them. */
export const cron = (id: string, expression: string, more: object = {}) => ({
  id,
  prompt: "look",
  trigger: { kind: "cron", expression, timeZone: "Europe/Berlin" },
  ...more,
});
export const every = (id: string, interval: string, more: object = {}) => ({
  id,
  prompt: "look",
  trigger: { kind: "every", every: interval, anchor: "2025-01-01T00:00:00Z" },
  ...more,
});
