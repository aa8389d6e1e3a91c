// Workers as real processes, with a real database and a model behind real HTTP: they are killed, stopped, starved and cut off, and
// what they had begun is brought to its end by another without being repeated.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startScriptedModelServer, type ScriptedModelServer } from "@roost/agent/testing";
import { silentLogger } from "@roost/base";
import { getRun, listSteps, listWorkers, readTopic, reapWorkers, type Kernel, type Run } from "@roost/kernel";
import { createTestKernel } from "./testing/create-test-kernel.ts";
import { openMemory, readTranscript, sendMessage, type Memory } from "@roost/memory";
import { startWorkerProcess, type WorkerProcess, type WorkerProcessOptions } from "./testing/start-worker-process.ts";
import { until } from "./testing/start-worker.ts";

interface House extends AsyncDisposable {
  kernel: Kernel;
  memory: Memory;
  model: ScriptedModelServer;
  start(options?: Partial<WorkerProcessOptions>): Promise<WorkerProcess>;
  /** Main is asked something; returns the run that answers. */
  ask(text: string): Promise<string>;
}

async function openHouse(settings = ""): Promise<House> {
  await using opened = new AsyncDisposableStack();
  const homeDir = await mkdtemp(join(tmpdir(), "roost-worker-"));
  opened.defer(() => rm(homeDir, { recursive: true, force: true }));
  await writeFile(join(homeDir, "roost.yaml"), settings || "{}\n");
  const { kernel, url: databaseUrl } = opened.use(await createTestKernel());
  const memory = opened.use(await openMemory({ kernel, homeDir, logger: silentLogger }));
  const model = opened.use(await startScriptedModelServer({ script: () => "ready" }));
  const owned = opened.move();
  return {
    kernel,
    memory,
    model,
    start: async (options = {}) =>
      owned.use(await startWorkerProcess({ databaseUrl, homeDir, modelUrl: model.url, ...options })),
    ask: async (text) => (await sendMessage(memory, { sessionKey: "main", text })).runId,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** As the scheduler does all the time: what dead workers leave is given to others. */
async function ended({ kernel }: House, runId: string): Promise<Run> {
  await until(async () => {
    await reapWorkers(kernel);
    return (await getRun(kernel.database, runId)).endedAt !== null;
  });
  return getRun(kernel.database, runId);
}

async function said(house: House): Promise<string[]> {
  const { messages } = await readTranscript(house.memory, "main", { limit: 50 });
  return messages.map(({ content }) => `${content.role}: ${content.text}`);
}

test("a worker that is killed in the middle of a model call is followed by another: one answer, complete", async () => {
  await using house = await openHouse();
  house.model.setScript(() => ({ text: "half of it", stall: { chunkCount: 1 } }));
  const first = await house.start();
  const runId = await house.ask("How are you?");
  await house.model.arrived(0);
  first.kill("SIGKILL");
  await first.ended;
  house.model.setScript(() => "I am well");
  await house.start();
  const run = await ended(house, runId);
  assert.deepEqual([run.state, (run.output as { text: string }).text, run.attempt], ["done", "I am well", 1]);
  assert.deepEqual(await said(house), ["user: How are you?", "assistant: I am well"]);
  assert.equal(house.model.requests.length, 2);
});

/** Takes what it is sent and answers nothing. */
async function startSilentServer() {
  const responses: ServerResponse[] = [];
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      responses.push(response);
      server.emit("taken");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}/`,
    responses,
    taken: once(server, "taken"),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("a worker that is killed in the middle of a tool call is followed by another that repeats nothing", async () => {
  await using outside = await startSilentServer();
  await using house = await openHouse(`http:\n  allow: ["${outside.host}"]\n`);
  const calls = [
    { name: "write_file", arguments: { path: "post.md", text: "the post" } },
    { name: "http_send", arguments: { url: outside.url, body: "{}" } },
  ];
  house.model.setScript(({ messages, toolResults }) => {
    const next = calls[messages.filter(({ role }) => role === "assistant").length];
    return next === undefined ? `The tool said: ${toolResults.at(-1)?.text}` : { toolCalls: [next] };
  });
  const first = await house.start();
  const runId = await house.ask("Post it");
  await outside.taken;
  first.kill("SIGKILL");
  await first.ended;
  await house.start();
  const run = await ended(house, runId);
  assert.match((run.output as { text: string }).text, /The tool said: Outcome unknown/);
  assert.equal(outside.responses.length, 1);
  const { events } = await readTopic(house.kernel.database, { topic: "home", limit: 100, types: ["file.written"] });
  assert.equal(events.length, 1);
  const steps = await listSteps(house.kernel.database, runId);
  assert.deepEqual(
    steps.map(({ name, state }) => `${name} ${state}`),
    [
      "context#1 done",
      "model#1 done",
      "tool:write_file#1 done",
      "model#2 done",
      "tool:http_send#2 unknown",
      "model#3 done",
    ],
  );
});

test("a worker that hangs past its lease and wakes up again changes nothing", async () => {
  await using house = await openHouse();
  const late = Promise.withResolvers<void>();
  house.model.setScript(() => ({ text: "too late", before: late.promise }));
  const first = await house.start({ env: { ROOST_LEASE_MS: "2000" } });
  const runId = await house.ask("How are you?");
  await house.model.arrived(0);
  first.kill("SIGSTOP");
  house.model.setScript(() => "in time");
  await house.start();
  const run = await ended(house, runId);
  assert.equal((run.output as { text: string }).text, "in time");
  first.kill("SIGCONT");
  late.resolve();
  // It finds out that it was given up, and joins anew.
  await until(async () => (await listWorkers(house.kernel)).some(({ pid }) => pid === first.pid));
  assert.deepEqual(await said(house), ["user: How are you?", "assistant: in time"]);
  assert.deepEqual(await getRun(house.kernel.database, runId), run);
  const again = await house.ask("And now?");
  assert.equal((await ended(house, again)).state, "done");
});

/** On a message it allocates until the process is ended by node. */
const glutton = `process.on("message", (message) => {
  if (message !== "eat") return;
  const eaten = [];
  for (;;) eaten.push(new Array(100_000).fill(Math.random()));
})`;

test("a worker that runs out of memory takes no other run with it", async () => {
  await using house = await openHouse();
  const gate = Promise.withResolvers<void>();
  house.model.setScript(() => ({ text: "done in peace", before: gate.promise }));
  const nodeOptions = ["--max-old-space-size=128", "--import", `data:text/javascript,${encodeURIComponent(glutton)}`];
  const starved = await house.start({ nodeOptions, env: { ROOST_CONCURRENCY: "1" } });
  const first = await house.ask("first");
  await house.model.arrived(0);
  const other = await house.start();
  const second = (await sendMessage(house.memory, { sessionKey: "other", text: "second" })).runId;
  await house.model.arrived(1);
  starved.child.send("eat");
  const { code, signal } = await starved.ended;
  assert.ok(code !== 0 || signal !== null);
  await until(async () => (await reapWorkers(house.kernel)) > 0);
  assert.equal((await getRun(house.kernel.database, second)).epoch, 1);
  gate.resolve();
  assert.equal((await ended(house, second)).state, "done");
  const taken = await ended(house, first);
  assert.equal(taken.state, "done");
  assert.equal(other.child.exitCode, null);
});

for (const [what, stop] of [
  ["is asked to stop", (worker: WorkerProcess) => worker.kill("SIGTERM")],
  ["has lost its supervisor", (worker: WorkerProcess) => worker.child.disconnect()],
] as const) {
  test(`a worker that ${what} hands back what it has not finished and ends`, async () => {
    await using house = await openHouse();
    house.model.setScript(() => ({ stall: "after_headers" }));
    const worker = await house.start();
    const runId = await house.ask("How are you?");
    const { aborted } = await house.model.arrived(0);
    stop(worker);
    assert.deepEqual(await worker.ended, { code: 0, signal: null });
    await aborted;
    const { state, stallCount } = await getRun(house.kernel.database, runId);
    assert.deepEqual([state, stallCount], ["ready", 0]);
    assert.deepEqual(await listWorkers(house.kernel), []);
  });
}

test("a worker answers pings while its runs wait for a model", async () => {
  await using house = await openHouse();
  house.model.setScript(() => ({ stall: "before_headers" }));
  const worker = await house.start();
  await house.ask("How are you?");
  await house.model.arrived(0);
  worker.child.send({ type: "ping" });
  assert.deepEqual((await once(worker.child, "message"))[0], { type: "pong" });
});

test("a worker that is started without a database says what to do and ends", async () => {
  await assert.rejects(
    startWorkerProcess({ databaseUrl: "", homeDir: tmpdir(), modelUrl: "http://127.0.0.1:1/v1" }),
    /ended with \d+ .*No database is given.*DATABASE_URL/s,
  );
});
