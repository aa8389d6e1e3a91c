/** A gateway whose agents answer: a scripted model, a worker and a scheduler in this process. */
import { startScriptedModelServer, type Script, type ScriptedModelServer } from "@roost/agent/testing";
import { silentLogger } from "@roost/base";
import { starterToolNames } from "@roost/contract/operations";
import { createAgentOf } from "@roost/jobs";
import { runScheduler } from "@roost/kernel";
import { openTelemetry } from "@roost/telemetry";
import { createAgentHandler, createModelsFor, createToolsFor, judgePostconditions, runWorker } from "@roost/worker";
import { createTestGateway, type TestGateway } from "../../testing/create-test-gateway.ts";

export interface AgentGateway extends AsyncDisposable {
  gateway: TestGateway;
  model: ScriptedModelServer;
  /** Of the runs so far, the newest first. */
  runs(): Promise<{ id: string; state: string; sessionKey: string | null; sessionKind: string | null }[]>;
}

const tools = `tools: [${starterToolNames.join(", ")}]`;

export async function startAgents(script: Script): Promise<AgentGateway> {
  await using opened = new AsyncDisposableStack();
  const model = opened.use(await startScriptedModelServer({ script }));
  const provider = { kind: "openai-compatible", id: "scripted", baseUrl: model.url, model: "scripted" } as const;
  const files = {
    "roost.yaml": `agents: { main: { ${tools} }, blog: { prompt: 'You write posts.', ${tools} } }\nheartbeat: { enabled: false }\n`,
    "SOUL.md": "You are Wren.\n",
    "MEMORY.md": "The code of the safe is 1234.\n",
  };
  const gateway = opened.use(await createTestGateway({ providers: [provider], files }));
  const { kernel, memory } = gateway;
  const { settings } = memory;
  const logger = silentLogger;
  const telemetry = opened.use(await openTelemetry({ serviceName: "test", logger }));
  const agent = createAgentHandler({
    kernel,
    memory,
    telemetry,
    modelsFor: createModelsFor({ providers: [provider], settings, clock: kernel.clock, logger }),
    toolsFor: createToolsFor({ kernel, memory, settings }),
    agentOf: createAgentOf(kernel),
    isRehearsal: false,
    judge: judgePostconditions,
  });
  const stop = new AbortController();
  const { signal } = stop;
  const going = Promise.all([
    runWorker({ kernel, handlers: { agent }, logger, signal, pid: process.pid, graceMsMax: 0 }),
    runScheduler(kernel, { loops: [], signal, host: "test", pid: process.pid }),
  ]);
  opened.defer(async () => {
    stop.abort(new Error("the test is over"));
    await going;
  });
  const owned = opened.move();
  return {
    gateway,
    model,
    runs: async () => (await gateway.client.listRuns({ limit: 100 })).items,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
