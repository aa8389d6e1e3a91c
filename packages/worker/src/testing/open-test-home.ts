/**
 * A home with kernel, memory and a scripted model, for tests of tools: tool calls go through the real loop and durable steps, and a "crash" stops
 * it between a tool's effect and its record.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openModels, runAgentLoop, type AgentOutcome, type StepRunner, type ToolMessage } from "@roost/agent";
import { loopVersions } from "@roost/agent/journal";
import { startScriptedModelServer, type Script } from "@roost/agent/testing";
import { RoostError, silentLogger, type JsonObject } from "@roost/base";
import { applyAgents, createAgentOf } from "@roost/jobs";
import { claimRuns, registerWorker, type ClaimedRun, type Kernel, type NewRun } from "@roost/kernel";
import { createTestKernel, type TestKernel, type TestKernelOptions } from "./create-test-kernel.ts";
import { openMemory, type Memory } from "@roost/memory";
import { Settings } from "@roost/memory/settings";
import { openTelemetry } from "@roost/telemetry";
import type { AgentHandlerOptions } from "../create-agent-handler.ts";
import { createModelsFor } from "../models/choose-models.ts";
import { judgePostconditions } from "../postconditions/judge-postconditions.ts";
import { createDurableSteps } from "../steps/create-durable-steps.ts";
import { createToolsFor } from "../tools/create-tools-for.ts";
import { hostCapability } from "../exec/run-in-directory.ts";
import { startRun } from "./start-worker.ts";
import { withStarterTools } from "./with-starter-tools.ts";

export interface WantedCall {
  name: string;
  arguments: JsonObject;
}

export interface TestHome extends AsyncDisposable {
  test: TestKernel;
  kernel: Kernel;
  memory: Memory;
  homeDir: string;
  /** URL of the model. */
  modelUrl: string;
  /** Options of an agent handler. */
  handlerOptions: AgentHandlerOptions;
  setScript: (script: Script) => void;
  /** Starts a run and claims it. */
  begin(run?: Partial<NewRun>): Promise<RunOwner>;
  /** Claims all ready runs and returns the one with this id, else the first. */
  claim(runId?: string): Promise<RunOwner>;
  /** The model makes these calls, one after the other, then ends. With `crashAfter` the worker dies once that tool has acted. */
  callTools(owner: RunOwner, calls: WantedCall[], options?: { crashAfter?: string }): Promise<CalledTools>;
}

/** A run and the worker that claimed it. */
export interface RunOwner {
  run: ClaimedRun;
  /** The worker dies: the run is ready again, at a higher epoch. */
  die(): Promise<void>;
}

export interface CalledTools {
  outcome: AgentOutcome;
  /** The tools' answers, in order. */
  answers: ToolMessage[];
  /** The tools that the model was shown. */
  toolNames: string[];
  tools: { name: string; description: string; parameters: JsonObject }[];
}

export class Crash extends Error {}

export interface TestHomeOptions {
  files?: Record<string, string>;
  settings?: object;
  /** As createTestKernel takes it. */
  wrap?: TestKernelOptions["wrap"] | undefined;
}

export async function openTestHome(options: TestHomeOptions = {}): Promise<TestHome> {
  await using opened = new AsyncDisposableStack();
  const homeDir = await mkdtemp(join(tmpdir(), "roost-tools-"));
  opened.defer(() => rm(homeDir, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(options.files ?? {})) {
    await mkdir(dirname(join(homeDir, path)), { recursive: true });
    await writeFile(join(homeDir, path), text);
  }
  const test = opened.use(await createTestKernel({ wrap: options.wrap }));
  const { kernel } = test;
  const settings = Settings.parse(options.settings ?? {});
  const memory = opened.use(await openMemory({ kernel, homeDir, logger: silentLogger, settings }));
  const server = opened.use(await startScriptedModelServer({ script: () => "nothing to do" }));
  const price = { inputUsd: 10, outputUsd: 10 };
  const connection = { kind: "openai-compatible" as const, id: "scripted", baseUrl: server.url };
  const provider = { ...connection, model: "scripted", outputTokensMax: 4096, price };
  const models = openModels({ providers: [provider], clock: kernel.clock, logger: silentLogger });
  const telemetry = opened.use(await openTelemetry({ serviceName: "test", logger: silentLogger }));
  const toolsFor = createToolsFor({ kernel, memory, settings });
  const modelsFor = createModelsFor({ providers: [provider], settings, clock: kernel.clock, logger: silentLogger });
  await applyAgents(kernel, settings.agents, { by: "test", source: "roost.yaml" });
  const agentOf = withStarterTools(createAgentOf(kernel));
  const owned = opened.move();

  async function claim(runId?: string): Promise<RunOwner> {
    const worker = await registerWorker(kernel, { kind: "worker", host: "test", pid: process.pid });
    owned.use(worker);
    const runs = await claimRuns(kernel, {
      workerId: worker.workerId,
      queues: ["default"],
      limit: 20,
      loopVersions,
      capabilities: [hostCapability()],
    });
    const run = runId === undefined ? runs[0] : runs.find(({ id }) => id === runId);
    if (run === undefined) throw new RoostError("internal", "no run is ready");
    return { run, die: () => worker.release() };
  }

  return {
    test,
    kernel,
    memory,
    homeDir,
    modelUrl: server.url,
    handlerOptions: {
      kernel,
      memory,
      modelsFor,
      telemetry,
      toolsFor,
      agentOf,
      isRehearsal: false,
      judge: judgePostconditions,
    },
    setScript: (script) => server.setScript(script),
    claim,
    begin: async (run = {}) => {
      const isJob = run.job !== undefined;
      await startRun(
        kernel,
        isJob ? { sessionKind: "cron", ...run } : { sessionKind: "main", sessionKey: "main", ...run },
      );
      return claim();
    },
    async callTools({ run }, calls, { crashAfter } = {}) {
      server.setScript((request) => {
        const next = calls[request.messages.filter(({ role }) => role === "assistant").length];
        return next === undefined ? "that is all" : { toolCalls: [next] };
      });
      const signal = new AbortController().signal;
      const durable = createDurableSteps({ kernel, run, signal, telemetry, onUnknown: "tell" });
      const outcome = await runAgentLoop({
        steps: crashing(durable, crashAfter),
        model: models,
        tools: await toolsFor(run, await agentOf(run)),
        context: { sections: [], messages: [{ role: "user", text: "begin" }] },
        clock: kernel.clock,
        signal,
        logger: silentLogger,
        limits: { reserveSpend: durable.spend.reserve },
      });
      await durable.unrecorded.flush();
      const answers = outcome.messages.filter((message) => message.role === "tool");
      const wire = (server.requests.at(-1)?.body["tools"] ?? []) as unknown as {
        function: CalledTools["tools"][number];
      }[];
      const tools = wire.map((tool) => tool.function);
      return { outcome, answers, tools, toolNames: tools.map(({ name }) => name) };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function crashing(steps: StepRunner, tool: string | undefined): StepRunner {
  return {
    step: (name, options, execute) =>
      steps.step(name, options, async (call) => {
        const result = await execute(call);
        if (name.startsWith(`tool:${tool}#`)) throw new Crash(`after ${name}`);
        return result;
      }),
  };
}

/** A run of a job, as started by its tick. */
export function jobRun(jobId: string, input: JsonObject = {}): Partial<NewRun> {
  return {
    title: `The ${jobId}`,
    input: { prompt: "do it", ...input },
    agent: "main",
    sessionKind: "cron",
    sessionKey: `cron:${jobId}`,
    job: { id: jobId, version: 1, tickKey: crypto.randomUUID() },
  };
}
