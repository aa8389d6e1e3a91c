import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { JobChange } from "@roost/contract/operations";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

const job = (id: string, fields: object = {}) => ({
  id,
  schedule: { kind: "cron", expr: "0 6 * * *", tz: "UTC" },
  payload: { kind: "agentTurn", message: "go" },
  ...fields,
});

test("roost jobs import keeps a job that the gateway refuses, disabled, brings the others, and says what differs", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "roost-import-")), "jobs.json");
  const odd = job("odd", { schedule: { kind: "cron", expr: "0 0 9 1 1 * 2027", tz: "UTC" } });
  const due = job("due", { state: { nextRunAtMs: Date.parse("2099-01-02T06:00:00Z") } });
  const named = job("9863908a-3f1c-470d-8032-937d6b2fc44f", { name: "brief", deleteAfterRun: true });
  const long = job("long", { payload: { kind: "agentTurn", message: "x".repeat(60_000) } });
  await writeFile(path, JSON.stringify({ jobs: [odd, due, long, job("gone"), named] }));
  const applied: { id: string; enabled: unknown; description: string | undefined }[][] = [];
  await using gateway = await serveGateway({
    listJobs: () => ({ items: [removedJob("gone")], next: null, unreadable: [] }),
    applyJobs: ({ jobs, partial, merge, dryRun }) => {
      assert.deepEqual([partial, merge], [true, true]);
      applied.push(jobs.map(({ id, enabled, description }) => ({ id, enabled, description })));
      const isBad = (index: number) =>
        jobs[index]?.trigger.kind === "cron" && jobs[index].trigger.expression.endsWith("2027");
      return {
        dryRun,
        changes: jobs.flatMap(({ id }, index): JobChange[] =>
          isBad(index) ? [] : [{ jobId: id, change: "created", differences: [], nextAt: "2099-01-01T06:00:00.000Z" }],
        ),
        refused: jobs.flatMap((_job, index) => (isBad(index) ? [{ index, reason: "it has 7 fields" }] : [])),
      };
    },
  });
  try {
    const { code, stdout, stderr } = await runRoost(["jobs", "import", path], gateway);
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      applied.map((call) => call.map(({ id, enabled }) => `${id} ${String(enabled)}`)),
      [["odd true", "due true", "long false", "9863908a-3f1c-470d-8032-937d6b2fc44f true"], ["odd false"]],
    );
    assert.match(applied[1]?.[0]?.description ?? "", /it has 7 fields.*2027/);
    assert.match(stdout, /created\s+odd/);
    assert.match(stdout, /created\s+9863908a\S+ brief/);
    for (const said of [
      /odd: it has 7 fields: it is kept, disabled/,
      /due: due next at 2099-01-01 (\d\d:00:00) here, at 2099-01-02 \1 there \(.+\)/,
      /gone: it was removed here/,
      /brief: it deletes itself there/,
    ])
      assert.match(stderr, said);
  } finally {
    await rm(join(path, ".."), { recursive: true });
  }
});

function removedJob(id: string) {
  const at = "2026-01-01T00:00:00.000Z";
  return {
    id,
    version: 1,
    state: "removed" as const,
    definition: {
      agent: "main",
      session: "cron" as const,
      trigger: { kind: "manual" as const },
      prompt: "",
      catchUp: { policy: "last" as const },
      overlap: "skip" as const,
      jitterMs: 0,
      timeoutMs: 1_800_000,
      retry: { attemptsMax: 1, backoffMs: 30_000, backoffFactor: 2, backoffMsMax: 3_600_000 },
      onUnknown: "tell" as const,
      enabled: true,
    },
    pausedReason: null,
    definedBy: "x",
    source: null,
    nextAt: null,
    dueAt: null,
    failing: null,
    gatheredCount: 0,
    lastTick: null,
    activeRunIds: [],
    updatedAt: at,
  };
}
