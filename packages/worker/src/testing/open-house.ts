/** A home whose workers are processes, with a database and a model behind real HTTP. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startScriptedModelServer, type ScriptedModelServer } from "@roost/agent/testing";
import { silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { starterToolNames } from "@roost/contract/operations";
import { applyAgents } from "@roost/jobs";
import { getRun, listWorkers, reapWorkers, type Kernel, type Run } from "@roost/kernel";
import { openMemory, readTranscript, sendMessage, type Memory } from "@roost/memory";
import { createTestKernel } from "./create-test-kernel.ts";
import { startWorkerProcess, type WorkerProcess, type WorkerProcessOptions } from "./start-worker-process.ts";

export interface House extends AsyncDisposable {
  kernel: Kernel;
  memory: Memory;
  databaseUrl: string;
  model: ScriptedModelServer;
  start(options?: Partial<WorkerProcessOptions>): Promise<WorkerProcess>;
  /** Main is asked something; returns the run that answers. */
  ask(text: string): Promise<string>;
}

const mainFile = "agents/main.md";

export async function openHouse(settings = ""): Promise<House> {
  await using opened = new AsyncDisposableStack();
  const homeDir = await mkdtemp(join(tmpdir(), "roost-worker-"));
  opened.defer(() => rm(homeDir, { recursive: true, force: true }));
  await writeFile(join(homeDir, "roost.yaml"), settings || "{}\n");
  await mkdir(join(homeDir, "agents"));
  await writeFile(join(homeDir, mainFile), `---\ntools: [${starterToolNames.join(", ")}]\n---\n`);
  const { kernel, url: databaseUrl } = opened.use(await createTestKernel());
  const memory = opened.use(await openMemory({ kernel, homeDir, logger: silentLogger }));
  await applyAgents(kernel, { main: { tools: starterToolNames } }, { by: "test", source: mainFile });
  const model = opened.use(await startScriptedModelServer({ script: () => "ready" }));
  const owned = opened.move();
  return {
    kernel,
    memory,
    databaseUrl,
    model,
    start: async (options = {}) =>
      owned.use(await startWorkerProcess({ databaseUrl, homeDir, modelUrl: model.url, ...options })),
    ask: async (text) => (await sendMessage(memory, { sessionKey: "main", text })).runId,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A worker that hangs is given up after this; of one that died its connection tells. */
export const shortLease = { ROOST_LEASE_MS: "2000" };

/** As the scheduler does all the time: what dead workers leave is given to others. */
export async function ended({ kernel }: House, runId: string): Promise<Run> {
  await until(async () => {
    await reapWorkers(kernel);
    return (await getRun(kernel.database, runId)).endedAt !== null;
  });
  return getRun(kernel.database, runId);
}

export async function said(house: House): Promise<string[]> {
  const { messages } = await readTranscript(house.memory, "main", { limit: 50 });
  return messages.map(({ content }) => `${content.role}: ${content.text}`);
}

/** A worker in the middle of a model call is stopped: what it had begun is ready for another. */
export async function handsBack(stop: (worker: WorkerProcess) => void): Promise<void> {
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
}
