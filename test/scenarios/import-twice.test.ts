/** Scenario P of docs/scenarios.md, with the real command and the real gateway. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runRoost } from "../../apps/cli/src/testing/run-roost.ts";
import { startScene } from "./start-scene.ts";

const jobCount = 38;

/** Jobs of every form that the format has, as their owner's home holds them after a year. */
function jobsOfAYear(): object[] {
  const schedules = [
    { kind: "cron", expr: "0 6 * * *", tz: "Europe/Berlin" },
    { kind: "cron", expr: "*/20 * * * *", staggerMs: 0 },
    { kind: "every", everyMs: 1_800_000, anchorMs: 1_741_000_000_000 },
    { kind: "at", at: "2099-01-01T09:00:00" },
    { kind: "at", at: "2025-01-01T09:00:00Z" },
  ];
  const payloads = [
    { kind: "agentTurn", message: "Write the post of the day", model: "some/model", timeoutSeconds: 900 },
    { kind: "systemEvent", text: "Look at the mail" },
    { kind: "agentTurn", message: "Tell me", deliver: true, channel: "telegram", to: "42" },
  ];
  return Array.from({ length: jobCount }, (_, index) => ({
    ...(index % 7 === 6
      ? { jobId: `legacy-${index}` }
      : { id: index % 5 === 4 ? `My Job ${index}` : crypto.randomUUID() }),
    name: `Job ${index}`,
    enabled: index % 6 !== 5,
    createdAtMs: 1_741_000_000_000,
    updatedAtMs: 1_741_000_000_000,
    schedule: schedules[index % schedules.length],
    sessionTarget: index % 3 === 1 ? "main" : "isolated",
    wakeMode: "now",
    payload: payloads[index % payloads.length],
    delivery: index % 4 === 0 ? { mode: "announce", channel: "last" } : { mode: "none" },
    state: { lastRunAtMs: 1_741_000_000_000, lastRunStatus: "ok", consecutiveErrors: 0 },
  }));
}

test("P: a directory of 38 jobs is imported twice, and there are 38 jobs both times", async () => {
  await using opened = new AsyncDisposableStack();
  const peer = await mkdtemp(join(tmpdir(), "roost-peer-"));
  opened.defer(() => rm(peer, { recursive: true }));
  await mkdir(join(peer, "cron"));
  const file = join(peer, "cron/jobs.json");
  const text = JSON.stringify({ version: 1, jobs: jobsOfAYear() }, null, 2);
  await writeFile(file, text);
  const { home } = opened.use(await startScene({ workerCount: 0 }));
  const token = (await readFile(join(home.directory, ".roost/token"), "utf8")).trim();
  const environment = { ROOST_URL: home.gateway.ready.url!, ROOST_TOKEN: token };
  const importJobs = async (...options: string[]) => {
    const { code, stdout, stderr } = await runRoost(["jobs", "import", peer, "--json", ...options], { environment });
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as { changes: { change: string }[]; notes: { jobId: string; notes: string[] }[] };
  };
  const listed = async () => {
    const { items: jobs } = await home.api.listJobs({ limit: 500 });
    return jobs.filter(({ id }) => id !== "heartbeat").map(({ id, version, state }) => `${id} ${version} ${state}`);
  };
  const changesOf = ({ changes }: Awaited<ReturnType<typeof importJobs>>) => [
    ...new Set(changes.map(({ change }) => change)),
  ];

  await importJobs("--dry-run");
  assert.deepEqual(await listed(), [], "a dry run defines nothing");
  assert.deepEqual(changesOf(await importJobs()), ["created"]);
  const first = await listed();
  assert.equal(first.length, jobCount);
  const again = await importJobs();
  assert.deepEqual(changesOf(again), ["unchanged"]);
  assert.deepEqual(await listed(), first);
  assert.ok(again.notes.some(({ notes }) => notes.some((note) => note.includes("becomes a notice"))));

  // A torn file costs nothing, and what was removed here does not come back by itself.
  await writeFile(file, text.slice(0, text.length / 2));
  await assert.rejects(importJobs(), /is incomplete/);
  assert.deepEqual(await listed(), first);
  await writeFile(file, text);
  await home.api.removeJob({ jobId: first[0]!.split(" ")[0]! });
  await importJobs();
  assert.deepEqual(await listed(), first.slice(1));
  assert.equal(await readFile(file, "utf8"), text, "the home that is imported is only read");
});
