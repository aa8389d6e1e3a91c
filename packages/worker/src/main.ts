/** A worker process: opens what it needs, finds the model, executes runs until it is told to stop. */
import { probeContexts, type ProviderConfig } from "@roost/agent";
import { createLogger, listenToSupervisor, readGatewayUrl, runProcess, systemClock, type Logger } from "@roost/base";
import { exitCodeOf } from "@roost/contract/status-codes";
import { openDatabase } from "@roost/database";
import { createAgentOf } from "@roost/jobs";
import { untrustedFrom } from "@roost/contract/labels";
import { openKernel, raiseNotice, type Kernel } from "@roost/kernel";
import { findPlace, openMemory, readHomeFile, whyHeld, type Memory } from "@roost/memory";
import { resolveProviders, resolveSecret, type Settings } from "@roost/memory/settings";
import { askForDatabase, decideModel, openCallQueue, openModelDecisions, openHomeCoolDowns } from "@roost/models";
import { findSandbox } from "@roost/sandbox";
import { openServices } from "@roost/service";
import { openTelemetry } from "@roost/telemetry";
import { homeRooms } from "./home-rooms.ts";
import { createAgentHandler } from "./create-agent-handler.ts";
import { readWorkerConfig, type WorkerConfig } from "./config.ts";
import { createModelsFor } from "./models/choose-models.ts";
import { judgePostconditions } from "./postconditions/judge-postconditions.ts";
import { createCommandHooks } from "./hooks/create-command-hooks.ts";
import type { Hook } from "./hooks/create-run-hooks.ts";
import { createMcpHost } from "./mcp/create-mcp-host.ts";
import { createMcpTools, keepToolList } from "./mcp/create-mcp-tools.ts";
import { shareMcpHost, type McpCalls } from "./mcp/share-mcp-host.ts";
import { createLookOutside } from "./outside/look-outside.ts";
import { runWorker } from "./run-worker.ts";
import { createToolsFor } from "./tools/create-tools-for.ts";
import { createCallService } from "./tools/services/call-service.ts";
import { createDomainsOf } from "./tools/services/domains-of.ts";
import { leaveDisabledOut } from "./tools/services/leave-disabled-out.ts";
import { createServiceTools } from "./tools/services/service-tools.ts";
import { createThirdPartyTools } from "./tools/third-parties/create-third-party-tools.ts";
import { filesOfRuns } from "./tools/third-parties/files-of-runs.ts";

const poolMax = 8;

async function main(): Promise<void> {
  const supervised = listenToSupervisor();
  const config = await askForDatabase(readWorkerConfig(), supervised);
  if (config === undefined) return;
  const { homeDir, environment, OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint } = config;
  const write = (line: string) => void process.stderr.write(line);
  const logger = createLogger({ level: config.ROOST_LOG_LEVEL, clock: systemClock, write }).child({
    process: "worker",
    pid: process.pid,
  });
  await using telemetry = await openTelemetry({ serviceName: "roost-worker", otlpEndpoint, logger });
  const place = await findPlace(config, "workers");
  const opened = { url: place.databaseUrl, poolMax, applicationName: "roost worker", logger };
  await using database = await openDatabase(opened).catch(place.explain);
  await place.refuse(database);
  await using kernel = await openKernel({ database, logger, rooms: homeRooms });
  await using home = await place.hold(kernel);
  await using memory = await openMemory({ kernel, homeDir, logger, environment, scan: false, ...place.memory });
  const { settings } = memory;
  const providers = await findProviders(kernel, config, { settings, logger });
  using coolDowns = await openHomeCoolDowns(kernel);
  const queue = openCallQueue(kernel);
  const modelsFor = createModelsFor({ providers, settings, clock: kernel.clock, logger, coolDowns, queue });
  const isRehearsal = providers.every((one) => one.kind === "language-model" && one.isRehearsal === true);
  const { signer, directory, thirdParties } = await openServices({ kernel, kind: "worker", name: "worker" });
  const gatewayUrl = async () => config.ROOST_URL ?? readGatewayUrl(homeDir);
  const serviceTools = createServiceTools({ directory, call: createCallService({ signer, gatewayUrl }) });
  await using mcp = openMcp(config, { kernel, settings, logger });
  const mcpTools = createMcpTools({ memory, servers: settings.mcp, mcp, logger });
  const secrets = { homeDir, env: config.environment };
  const rules = { allow: settings.http.allow };
  const askSecret = (reference: string) => resolveSecret(reference, secrets);
  const filesOf = filesOfRuns(memory);
  const { clock } = kernel;
  const thirdPartyTools = createThirdPartyTools({ thirdParties, rules, resolveSecret: askSecret, clock, filesOf });
  const sources = [serviceTools, thirdPartyTools, mcpTools];
  const toolsFor = createToolsFor({ kernel, memory, settings, gitEnvironment: gitEnvironmentOf(config), sources });
  const handler = createAgentHandler({
    kernel,
    memory,
    modelsFor,
    agentOf: leaveDisabledOut(createAgentOf(kernel), directory),
    domainsOf: createDomainsOf(directory),
    telemetry,
    isRehearsal,
    judge: judgePostconditions,
    hooks: createHooks(memory),
    lookOutside: createLookOutside({ memory, logger, resolveSecret: askSecret }),
    toolsFor,
  });
  await runWorker({
    kernel,
    handlers: { agent: handler },
    logger,
    signal: AbortSignal.any([supervised.stop, home.refused]),
    concurrencyMax: config.ROOST_CONCURRENCY,
    queues: config.ROOST_QUEUES,
    capabilities: config.ROOST_CAPABILITIES,
    leaseMs: config.ROOST_LEASE_MS,
    graceMsMax: config.ROOST_GRACE_MS,
    pid: process.pid,
    host: place.host,
    onReady: (workerId) => {
      logger.info("The worker is ready", { workerId, isRehearsal });
      supervised.ready({});
    },
  });
  if (home.refused.aborted) throw home.refused.reason;
  logger.info("The worker is stopping", { reason: String(supervised.stop.reason) });
}

function createHooks(memory: Memory): Hook[] {
  return createCommandHooks({
    hooks: memory.settings.hooks,
    homeDir: memory.homeDir,
    findSandbox: () => findSandbox(),
    whyHeld: async (path) => whyHeld(memory, await readHomeFile(memory, path, { as: { kind: "main" } })),
  });
}

/** What git needs to reach the person's remotes: keys and helpers are found by it. */
function gitEnvironmentOf({ environment }: WorkerConfig): Record<string, string> {
  const names = ["HOME", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME"];
  return Object.fromEntries(
    names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  ) as Record<string, string>;
}

/** One host for all workers of the home: the first that needs a server is it. */
function openMcp(
  { homeDir, environment }: WorkerConfig,
  { kernel, settings, logger }: { kernel: Kernel; settings: Settings; logger: Logger },
): McpCalls {
  return shareMcpHost(homeDir, () =>
    createMcpHost({
      servers: settings.mcp,
      secrets: { homeDir, env: environment },
      logger,
      nowMs: () => kernel.clock.nowMs(),
      tell: (text, server) =>
        kernel.transact(async (tx) => {
          const labelSet = await tx.labelSet({ ...untrustedFrom("mcp", server), audiences: ["main"] });
          raiseNotice(tx, { level: "warning", text, source: "mcp", labelSet });
        }),
      keepList: (server, list) => keepToolList(homeDir, { server, settings: settings.mcp[server]!, list }),
    }),
  );
}

/** Settings override the environment, which is resolved once for the whole home. */
async function findProviders(
  kernel: Kernel,
  config: WorkerConfig,
  { settings, logger }: { settings: Settings; logger: Logger },
): Promise<ProviderConfig[]> {
  if (settings.models !== undefined && settings.models.length > 0) {
    return await probeContexts(await resolveProviders(settings, { homeDir: config.homeDir, env: config.environment }));
  }
  await openModelDecisions(kernel);
  return (await decideModel(kernel, { config, startId: config.ROOST_START, logger })).providers;
}

await runProcess(main, exitCodeOf);
