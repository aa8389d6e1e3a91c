/** A home is upgraded process by process while it works: gateways with their schedulers, and workers, as real processes of two versions. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { createRun, listRuns, listWorkers, readHomeVersion, readTopic } from "@roost/kernel";
import { testToken } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { openHouse } from "../../packages/worker/src/testing/open-house.ts";
import { until } from "../../packages/worker/src/testing/start-worker.ts";

const runCount = 60;
const nextVersion = ["--import", new URL("next-version.ts", import.meta.url).href];
const gateway = new URL("../../apps/gateway/src/main.ts", import.meta.url);
const graceful = { ROOST_GRACE_MS: "60000", ROOST_PORT: "0", ROOST_CONCURRENCY: "4" };

/** Counts what reaches it, by body, and answers a moment later than it has counted. */
async function startCounter(t: TestContext) {
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += String(piece)));
    request.on("end", () => {
      counts.set(body, (counts.get(body) ?? 0) + 1);
      response.end("taken");
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  return { counts, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test("A home is upgraded process by process under load: every run ends, ticks go on, and nothing that has a key is done twice", async (t) => {
  const outside = await startCounter(t);
  await using house = await openHouse(`http:\n  allow: ["${outside.host}"]\n`);
  const { kernel, memory, model } = house;
  model.setScript(({ messages }) => {
    if (messages.some(({ role }) => role === "assistant")) return "done";
    const [, body] = /post (run-\d+)/.exec(JSON.stringify(messages)) ?? [];
    if (body === undefined) return "nothing to do";
    return { toolCalls: [{ name: "http_send", arguments: { url: `http://${outside.host}/`, body } }] };
  });
  await mkdir(join(memory.homeDir, "jobs"), { recursive: true });
  const job = "id: beat\ntrigger: { kind: every, every: 1s }\noverlap: allow\nprompt: beat\n";
  await writeFile(join(memory.homeDir, "jobs/beat.yaml"), job);
  await writeFile(join(memory.homeDir, ".roost/token"), `${testToken}\n`, { mode: 0o600 });
  let created = 0;
  const load = async (count: number) => {
    for (let one = 0; one < count; one += 1) {
      created += 1;
      const input = { prompt: `post run-${created}` };
      await kernel.transact((tx) => createRun(tx, { reason: "a test", agent: "main", sessionKind: "cron", input }));
    }
  };
  const older = await house.start({ program: gateway, env: graceful });
  const before = [await house.start({ env: graceful }), await house.start({ env: graceful })];
  const version = await readHomeVersion(kernel);
  await load(runCount / 3);
  await until(async () => outside.counts.size > 5);

  // The first process of the next version drains the workers of the one before, and is there itself.
  const after = [await house.start({ env: graceful, nodeOptions: nextVersion })];
  const home = await readHomeVersion(kernel);
  assert.notEqual(home, version);
  await until(async () => {
    const workers = (await listWorkers(kernel)).filter(({ kind }) => kind === "worker");
    return workers.every((one) => one.isDraining === (one.version === version));
  });
  await load(runCount / 3);
  before[0]!.kill("SIGTERM");
  assert.deepEqual(await before[0]!.ended, { code: 0, signal: null });
  after.push(await house.start({ env: graceful, nodeOptions: nextVersion }));
  const newer = await house.start({ program: gateway, env: graceful, nodeOptions: nextVersion });
  older.kill("SIGTERM");
  await older.ended;
  await load(runCount / 3);
  before[1]!.kill("SIGTERM");
  assert.deepEqual(await before[1]!.ended, { code: 0, signal: null });

  const unended = async () =>
    (await listRuns(kernel, { limit: 500 })).filter(({ endedAt, jobId }) => endedAt === null && jobId === null);
  await until(async () => outside.counts.size === runCount && (await unended()).length === 0);
  assert.deepEqual([...new Set(outside.counts.values())], [1], "each effect once");
  const runs = (await listRuns(kernel, { limit: 500 })).filter(({ jobId }) => jobId === null);
  assert.deepEqual([runs.length, new Set(runs.map(({ state }) => state))], [runCount, new Set(["done"])]);
  const { events } = await readTopic(kernel.database, { topic: "jobs", limit: 1000, types: ["tick.fired"] });
  const moments = events.map(({ data }) => (data as { scheduledAt: string }).scheduledAt);
  assert.ok(moments.length > 3, `${moments.length} ticks`);
  assert.equal(new Set(moments).size, moments.length, "each moment once");
  const notices = (await readTopic(kernel.database, { topic: "notices", limit: 100 })).events;
  t.diagnostic(`${moments.length} ticks; ${notices.map(({ data }) => (data as { text: string }).text).join(" | ")}`);
  await Promise.all([newer, ...after].map((one) => (one.kill("SIGTERM"), one.ended)));
});
