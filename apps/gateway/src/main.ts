/** The gateway process: opens what it needs, serves the API, runs a scheduler, and stops in order. */
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import {
  createLogger,
  listenToSupervisor,
  type Supervised,
  RoostError,
  runProcess,
  sleepUntilAborted,
  systemClock,
  toRoostError,
  type Logger,
} from "@roost/base";
import { exitCodeOf } from "@roost/contract/status-codes";
import { openDatabase, type Database } from "@roost/database";
import type { KnownNames } from "@roost/jobs";
import {
  answersOf,
  createKeepAnswer,
  openKernel,
  runScheduler,
  setBudgets,
  setRetention,
  type SchedulerLoop,
} from "@roost/kernel";
import {
  createMemoryLoops,
  holdDatabase,
  keepAppliedSettings,
  openMemory,
  refuseDatabaseOfAnother,
  watchHome,
  type Memory,
} from "@roost/memory";
import { budgetCaps, type SecretSources } from "@roost/memory/settings";
import { askForDatabase } from "@roost/models";
import { enableServices, openServices, servicesChannel, type Services } from "@roost/service";
import { createHomeLoops } from "@roost/worker/home-loops";
import { homeRooms } from "@roost/worker/home-rooms";
import { openTelemetry } from "@roost/telemetry";
import { applyHomeAgents } from "./apply-home-agents.ts";
import { applyHomeJobs } from "./apply-home-jobs.ts";
import { readGatewayConfig, type GatewayConfig } from "./config.ts";
import { createGateway } from "./create-gateway.ts";
import { createApi } from "./create-api.ts";
import { describeActiveJobs } from "./describe-active-jobs.ts";
import { describeConfig } from "./describe-config.ts";
import { findModel, tellModel, type FoundModel } from "./find-model.ts";
import { createFilesKeeper, type FilesKeeperOptions } from "./create-files-keeper.ts";
import { knownNamesOf } from "./known-names-of.ts";
import { listen } from "./listen.ts";
import { openRouting } from "./routing/create-home-router.ts";
import { readListenSettings } from "./read-listen-settings.ts";
import { openChannels, type OpenedChannels } from "./open-channels.ts";
import { publishAddress } from "./publish-address.ts";
import { openRehearsals, type OpenRehearsalsOptions } from "./rehearsals/open-rehearsals.ts";
import type { Rehearsals } from "./rehearsals/create-rehearsals.ts";
import { createModelLoop } from "./notices/create-model-loop.ts";
import { createAgentDoor } from "./openai/agents/create-agent-door.ts";
import { createPushLoops } from "./notices/create-push-loops.ts";
import { createNoticeLoop, webhookOutlet } from "./notices/create-notice-loop.ts";
import { findWebhook } from "./notices/find-webhook.ts";
import { openEntries } from "./open-entries.ts";
import { openOwnProxy } from "./open-own-proxy.ts";
import { openReplays, type Replays } from "./replays/open-replays.ts";
import { createSettingsTeller } from "./create-settings-teller.ts";
import { addressesOf, type OriginRules } from "./security/check-origin.ts";
import { openToken } from "./security/open-token.ts";
import { createSignInCodes } from "./security/sign-in-codes.ts";
import { openConsole } from "./console/open-console.ts";

const version = "0.1.0";
/** Where the console's sources are. */
const cloneDir = fileURLToPath(new URL("../../..", import.meta.url));
/** How long an orderly stop may take. What remains is dropped; committed work does not depend on it. */
const stopMsMax = 1_500;

async function main(): Promise<void> {
  const startedAtMs = systemClock.nowMs();
  const supervised = listenToSupervisor();
  const config = await askForDatabase(readGatewayConfig(), supervised);
  if (config === undefined) return;
  const logger = openLogger(config);
  const { homeDir, bucket, bucketBefore, environment, OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint } = config;
  const token = await openToken(homeDir, { clock: systemClock, logger });
  supervised.stop.addEventListener("abort", () => endLate(logger), { once: true });

  await using telemetry = await openTelemetry({ serviceName: "roost-gateway", otlpEndpoint, logger });
  await using database = await openOwnDatabase(config, logger);
  await using kernel = await openKernel({ database, logger, rooms: homeRooms });
  await using home = await holdDatabase(kernel, homeDir);
  await using opened = await openMemory({ kernel, homeDir, logger, bucket, bucketBefore, environment });
  const services = await openOwnServices(opened, home.id);
  const { router, memory } = openRouting(opened, { directory: services.directory });
  const { settings } = memory;
  const { tokenLoop, ...entries } = await openEntries(memory, { config, homeId: home.id, token });
  const channels = await openChannels(memory, config.environment);
  await applySettings(memory);
  const finding = findModel(kernel, config, { settings, logger });
  const modelNames = async () => (await finding).modelNames();
  const known = knownNamesOf(kernel, { serviceLists: [services.directory, services.thirdParties], modelNames });
  const apply = () => applyHome(memory, known);
  const [{ facts: model, providers, ...checks }, engine, notices] = await Promise.all([
    finding,
    readEngine(database, config),
    apply(),
  ]);
  if (supervised.stop.aborted) return;

  const shutdown = AbortSignal.any([supervised.stop, home.refused]);
  shutdown.addEventListener("abort", () => endLate(logger), { once: true });
  const confined = openConfined(config, { kernel, model, shutdown });
  const console = openConsole({ root: cloneDir, logger, signal: shutdown });
  const facts = { version, homeDir, timeZone: memory.timeZone, startedAtMs, engine, model, ...checks, console };
  let origin: OriginRules = { port: 0 };
  const codes = createSignInCodes(kernel, { ...entries, token, clock: kernel.clock });
  const kept = { apply, said: notices, homeId: home.id, supervised, channels, environment };
  const { onScan, onTrusted, applyAtOnce, inForce } = openKeepers(memory, kept);
  const setup = { environment, restart: supervised.askForRestart, applyAtOnce, logger };
  const shown = { channels: channels.names, addresses: () => addressesOf(origin), facts };
  const own = { kernel, memory, router, services, setup, config: () => describeConfig(config, inForce(), model) };
  const api = createApi({ ...own, ...entries, codes, known, onTrusted, ...shown, ...confined });
  // Codes and cookies of one gateway count at another, whose machine's clock may be minutes off.
  const { clock } = kernel;
  const proxied = { providers, routes: settings.proxy.routes, alongside: entries.access.recordSeen };
  await using proxy = await openOwnProxy({ kernel, clock, logger, ...proxied });
  const agents = createAgentDoor({ kernel, memory, proxy, logger, agents: known.agents, shutdown });
  const keepAnswer = createKeepAnswer(answersOf(database), { logger });
  const common = { environment, keepAnswer, token, version, clock, logger, telemetry, shutdown };
  const doors = { ...entries, codes, console, proxy, agents, origin: () => origin };
  const app = createGateway({ api, services, memory, ...doors, ...common });
  await using listening = await listen({ ...readListenSettings(config, { settings, logger }), ...app });
  origin = listening.rules;
  const found = { model: { facts: model, ...checks }, channels, tokenLoop, signal: shutdown };
  const going = keepGoing(memory, { loops: createLoops(config, memory, found), onScan, channels, signal: shutdown });
  await using _address = await publishAddress(homeDir, { url: listening.url, startedAtMs, logger });
  logger.info("The gateway is ready", { url: listening.url, model: model.name, mode: model.mode });
  const told = [await checks.findProblem(), await describeActiveJobs(kernel, settings), ...notices];
  supervised.ready({
    url: listening.url,
    signInCode: (await codes.create()).code,
    model: tellModel(model),
    notices: told.filter((line) => line != null),
    hasServices: settings.services.length > 0,
  });
  await going.catch((error: unknown) => endFailed(error, logger));
  if (home.refused.aborted) throw home.refused.reason;
  logger.info("The gateway is stopping", { reason: String(supervised.stop.reason) });
}

/** Left unchanged when it belongs to another home. */
async function openOwnDatabase(config: GatewayConfig, logger: Logger): Promise<Database> {
  await using opened = new AsyncDisposableStack();
  const url = databaseUrl(config);
  const database = opened.use(await openDatabase({ url, poolMax: 12, applicationName: "roost gateway", logger }));
  await refuseDatabaseOfAnother(database, config.homeDir);
  opened.move();
  return database;
}

/** Which run is said by the settings; their process is another. */
async function openOwnServices({ kernel, settings }: Memory, homeId: string): Promise<Services> {
  const services = await openServices({ kernel, kind: "gateway", name: "gateway" });
  await enableServices(kernel.database, { names: settings.services, homeId });
  return services;
}

/** Stores the settings that the database keeps. */
async function applySettings(memory: Memory): Promise<void> {
  const { kernel, settings, timeZone } = memory;
  await setBudgets(kernel, { caps: budgetCaps(settings), timeZone });
  const { topics, runs, ticks } = settings.retention;
  await setRetention(kernel, { topics, runsMs: runs, ticksMs: ticks });
  await keepAppliedSettings(memory);
}

/** Agents first: a job's run begins with the version that its agent has. */
async function applyHome(memory: Memory, known: KnownNames): Promise<string[]> {
  return [...(await applyHomeAgents(memory, known)), ...(await applyHomeJobs(memory, known))];
}

type KeptServices = {
  homeId: string;
  supervised: Pick<Supervised, "tellServices" | "askForRestart">;
  channels: OpenedChannels;
  environment: SecretSources["env"];
};

/** What looks at the files of the home again after a scan, and when a person has vouched for one. */
function openKeepers(
  memory: Memory,
  { homeId, supervised, channels, environment, ...options }: Omit<FilesKeeperOptions, "homeDir"> & KeptServices,
) {
  const { kernel, homeDir } = memory;
  const keeper = createFilesKeeper(kernel, { homeDir, ...options });
  const teller = createSettingsTeller(memory, {
    async applyServices(names, settingsText) {
      await enableServices(kernel.database, { names, homeId });
      await keepAppliedSettings({ ...memory, settingsText });
      // Services bring agents.
      keeper.hint({ isAnew: true });
      kernel.wakeups.wake(servicesChannel);
      supervised.tellServices(names.length > 0);
    },
    applyChannels: channels.apply,
    applyBudgets: (settings) => setBudgets(kernel, { caps: budgetCaps(settings) }),
    restart: supervised.askForRestart,
    environment,
  });
  const look = (isAnew: boolean) => {
    teller.hint();
    keeper.hint({ isAnew });
  };
  return { onScan: () => look(false), onTrusted: () => look(true), applyAtOnce: teller.look, inForce: teller.inForce };
}

interface LoopsOptions {
  model: Pick<FoundModel, "facts" | "findProblem">;
  channels: OpenedChannels;
  tokenLoop: SchedulerLoop;
  signal: AbortSignal;
}

function createLoops(
  config: GatewayConfig,
  memory: Memory,
  { model: { facts, findProblem }, channels, tokenLoop, signal }: LoopsOptions,
): SchedulerLoop[] {
  const { kernel, timeZone } = memory;
  // What is rehearsed is not sent.
  const webhook = facts.mode === "rehearsal" ? undefined : findWebhook(memory, config.environment);
  const outlets = [
    webhookOutlet(webhook, { isDefault: () => !channels.outlets.some((each) => each.isDefault()) }),
    ...channels.outlets,
  ];
  return [
    ...createHomeLoops(kernel),
    ...createMemoryLoops(memory),
    tokenLoop,
    createModelLoop(kernel, { findProblem, timeZone }),
    ...outlets.map((outlet) => createNoticeLoop(kernel, { outlet, timeZone, signal })),
    ...(facts.mode === "rehearsal" ? [] : createPushLoops(kernel, { homeDir: memory.homeDir, timeZone, signal })),
  ];
}

function openLogger({ ROOST_LOG_LEVEL: level }: GatewayConfig): Logger {
  const write = (line: string) => void process.stderr.write(line);
  return createLogger({ level, clock: systemClock, write }).child({ process: "gateway", pid: process.pid });
}

function openConfined(
  config: GatewayConfig,
  given: Pick<OpenRehearsalsOptions, "kernel" | "model" | "shutdown">,
): { rehearsals: Rehearsals; replays: Replays } {
  const { homeDir, bucket, environment } = config;
  const options = { ...given, homeDir, bucket, environment, databaseUrl: databaseUrl(config) };
  return { rehearsals: openRehearsals(options), replays: openReplays(options) };
}

async function keepGoing(
  memory: Memory,
  given: { loops: SchedulerLoop[]; onScan: () => void; channels: OpenedChannels; signal: AbortSignal },
): Promise<void> {
  const { loops, onScan, channels, signal } = given;
  await Promise.all([
    channels.run(signal),
    runScheduler(memory.kernel, { loops, signal, host: hostname(), pid: process.pid }),
    watchHome(memory, { signal, onScan }),
  ]);
}

function endFailed(error: unknown, logger: Logger): never {
  process.exitCode = exitCodeOf(toRoostError(error).code);
  endLate(logger);
  throw error;
}

/** Ends the process when stopping hangs, for example on a database that does not answer. */
function endLate(logger: { warn(message: string): void }): void {
  void sleepUntilAborted(stopMsMax, { keepAlive: false }).then(() => {
    logger.warn("The gateway did not stop in time and was ended");
    process.exit();
  });
}

function databaseUrl(config: GatewayConfig): string {
  if (config.databaseUrl !== undefined) return config.databaseUrl;
  throw new RoostError(
    "invalid_input",
    "No database is given: start everything with roost up, or set DATABASE_URL to run the gateway alone",
  );
}

async function readEngine(database: { query<Row>(text: string): Promise<Row[]> }, config: GatewayConfig) {
  const [row] = await database.query<{ version: string }>("select current_setting('server_version') as version");
  return { version: row?.version ?? "unknown", embedded: config.DATABASE_URL === undefined };
}

await runProcess(main, exitCodeOf);
