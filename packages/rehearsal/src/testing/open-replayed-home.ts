/** A home per test whose runs are really executed, with a scripted model; and their replays. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startScriptedModelServer, type Script } from "@roost/agent/testing";
import { silentLogger } from "@roost/base";
import { starterToolNames, type ReplayReport } from "@roost/contract/operations";
import { openDatabase } from "@roost/database";
import { applyAgents, createAgentOf, defineJob, runJobNow } from "@roost/jobs";
import { claimRuns, getRun, registerWorker, type Kernel, type Run } from "@roost/kernel";
import { createTestKernel, type TestKernel } from "@roost/worker/testing";
import { openMemory, type Memory } from "@roost/memory";
import { readSettings, resolveProviders } from "@roost/memory/settings";
import { openTelemetry } from "@roost/telemetry";
import { createAgentHandler, createModelsFor, createToolsFor, executeRun, judgePostconditions } from "@roost/worker";
import { replayRun, type ReplayOptions } from "../replay/replay-run.ts";

export interface ReplayedHome extends AsyncDisposable {
  test: TestKernel;
  kernel: Kernel;
  memory: Memory;
  homeDir: string;
  /** Requests sent to the model. */
  requestCount(): number;
  write(path: string, text: string): Promise<void>;
  define(job: object): Promise<void>;
  /** Starts the job and executes its run to the end. */
  runJob(jobId: string): Promise<Run>;
  /** Executes the next ready run. */
  execute(): Promise<Run>;
  replay(runId: string, options?: Partial<ReplayOptions>): Promise<ReplayReport>;
}

const tools = `tools: [${starterToolNames.join(", ")}]`;
/** Main has the tools of a new home. */
const settings = (url: string, more: string) => `models:
  - { id: scripted, kind: openai-compatible, baseUrl: "${url}", model: scripted, price: { inputUsd: 1, outputUsd: 1 } }
${more.includes("main: {") ? more.replace("main: {", `main: { ${tools},`) : `agents: { main: { ${tools} } }\n${more}`}`;

export interface ReplayedHomeOptions {
  script: Script;
  files?: Record<string, string>;
  /** Further lines of roost.yaml. */
  settings?: string;
}

export async function openReplayedHome(options: ReplayedHomeOptions): Promise<ReplayedHome> {
  await using opened = new AsyncDisposableStack();
  const homeDir = await mkdtemp(join(tmpdir(), "roost-replayed-"));
  opened.defer(() => rm(homeDir, { recursive: true, force: true }));
  const server = opened.use(await startScriptedModelServer({ script: options.script }));
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(homeDir, path)), { recursive: true });
    await writeFile(join(homeDir, path), path === "roost.yaml" ? settings(server.url, text) : text);
  };
  await write("roost.yaml", options.settings ?? "");
  for (const [path, text] of Object.entries(options.files ?? {})) await write(path, text);
  const test = opened.use(await createTestKernel());
  const { kernel } = test;
  const memory = opened.use(await openMemory({ kernel, homeDir, logger: silentLogger }));
  const telemetry = opened.use(await openTelemetry({ serviceName: "test", logger: silentLogger }));
  await applyAgents(kernel, memory.settings.agents, { by: "test", source: "roost.yaml" });
  const owned = opened.move();

  async function execute(): Promise<Run> {
    const present = readSettings(homeDir);
    const providers = await resolveProviders(present, { homeDir, env: {} });
    const common = { kernel, memory, settings: present };
    const agent = createAgentHandler({
      ...common,
      telemetry,
      isRehearsal: false,
      judge: judgePostconditions,
      toolsFor: createToolsFor(common),
      agentOf: createAgentOf(kernel),
      modelsFor: createModelsFor({ providers, settings: present, clock: kernel.clock, logger: silentLogger }),
    });
    await using worker = await registerWorker(kernel, { kind: "worker", host: "test", pid: process.pid });
    const [run] = await claimRuns(kernel, { workerId: worker.workerId, queues: ["default"], limit: 1 });
    assert.ok(run !== undefined, "no run is ready");
    const { signal } = new AbortController();
    assert.ok(await executeRun({ kernel, handlers: { agent }, logger: silentLogger }, run, signal));
    return await getRun(kernel.database, run.id);
  }

  return {
    test,
    kernel,
    memory,
    homeDir,
    requestCount: () => server.requests.length,
    write,
    define: async (job) => void (await defineJob(kernel, job, { by: "test", timeZone: memory.timeZone })),
    runJob: async (jobId) => {
      await runJobNow(kernel, jobId, { by: "test" });
      return execute();
    },
    execute,
    replay: async (runId, more = {}) => {
      const connection = { url: test.url, poolMax: 3, applicationName: "replay", logger: silentLogger };
      await using database = await openDatabase({ ...connection, isReadOnly: true });
      const { signal } = new AbortController();
      return await replayRun({ database, homeDir, runId, model: null, signal, ...more });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
