/**
 * A worker whose agents have two tools more than Roost's: `order`, an effect that can be asked for by its key, and `delegate`, which
 * starts a child run and waits for it. Both reach out to the world, which can keep them waiting.
 */
import type { Tool } from "@roost/agent";
import { createLogger, listenToSupervisor, systemClock } from "@roost/base";
import { openDatabase } from "@roost/database";
import { createRun, openKernel, type ClaimedRun, type Kernel } from "@roost/kernel";
import { openMemory } from "@roost/memory";
import { createAgentOf } from "@roost/jobs";
import { readSettings } from "@roost/memory/settings";
import { openTelemetry } from "@roost/telemetry";
import { createAgentHandler, createModelsFor, createToolsFor, judgePostconditions, runWorker } from "@roost/worker";
import { homeRooms } from "@roost/worker/home-rooms";

const environment = process.env as Record<string, string>;
const worldUrl = environment["TEST_WORLD_URL"]!;

/** One text under this name. */
function textInput(name: string): Tool["input"] {
  return {
    jsonSchema: { type: "object", properties: { [name]: { type: "string" } }, required: [name] },
    validate: () => [],
  };
}

/** Order something: the shop performs whatever it is sent, and knows what was ordered under a key. */
const order: Tool<{ item: string }> = {
  name: "order",
  description: "Orders an item",
  input: textInput("item"),
  effect: "queryable",
  execute: async ({ item }, { idempotencyKey, signal }) => {
    const headers = { "idempotency-key": idempotencyKey };
    await fetch(`${worldUrl}/orders`, { method: "POST", headers, body: JSON.stringify({ item }), signal });
    return { state: "done", output: `ordered ${item}` };
  },
  query: async ({ item }, { idempotencyKey, signal }) => {
    const answer = await fetch(`${worldUrl}/effects/${idempotencyKey}`, { signal });
    const { found } = (await answer.json()) as { found: boolean };
    return found ? { found, output: `ordered ${item}, the shop says` } : { found };
  },
};

/** The child comes into being before the world hears of it, and the wait for it after. */
function delegate(kernel: Kernel, run: ClaimedRun): Tool<{ task: string }> {
  return {
    name: "delegate",
    description: "Gives a task to another agent and waits for its result",
    input: textInput("task"),
    effect: "idempotent",
    execute: async ({ task }, { idempotencyKey, signal }) => {
      const seq = Number(idempotencyKey.slice(idempotencyKey.lastIndexOf(":") + 1));
      const { runId } = await kernel.transact((tx) =>
        createRun(tx, {
          reason: "delegated",
          input: { task },
          sessionKind: "subagent",
          agent: "main",
          parent: { runId: run.id, epoch: run.epoch, seq },
        }),
      );
      await fetch(`${worldUrl}/delegated`, { method: "POST", body: JSON.stringify({ task }), signal });
      return { state: "waiting", wait: { kind: "child", runId } };
    },
  };
}

const supervised = listenToSupervisor();
const homeDir = environment["ROOST_HOME"]!;
const logger = createLogger({
  level: "warn",
  clock: systemClock,
  write: (line) => void process.stderr.write(line),
});
const settings = readSettings(homeDir);
await using telemetry = await openTelemetry({ serviceName: "test", logger });
await using database = await openDatabase({
  url: environment["ROOST_DATABASE_URL"]!,
  poolMax: 8,
  applicationName: "test worker",
  logger,
});
await using kernel = await openKernel({ database, logger, rooms: homeRooms });
await using memory = await openMemory({ kernel, homeDir, settings, logger, scan: false });
const toolsFor = createToolsFor({ kernel, memory, settings });
const connection = { kind: "openai-compatible" as const, id: "scripted", baseUrl: environment["ROOST_MODEL_URL"]! };
const providers = [{ ...connection, model: "scripted" }];
const agent = createAgentHandler({
  kernel,
  memory,
  telemetry,
  modelsFor: createModelsFor({ providers, settings, clock: kernel.clock, logger }),
  agentOf: createAgentOf(kernel),
  toolsFor: async (run, agent) => [...(await toolsFor(run, agent)), order, delegate(kernel, run)],
  isRehearsal: false,
  judge: judgePostconditions,
});
await runWorker({
  kernel,
  handlers: { agent },
  logger,
  signal: supervised.stop,
  pid: process.pid,
  concurrencyMax: Number(environment["ROOST_CONCURRENCY"] ?? "8"),
  graceMsMax: 0,
  onReady: () => supervised.ready({}),
});
process.exit();
