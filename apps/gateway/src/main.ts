/** The gateway process: opens what it needs, serves the API, runs a scheduler, and stops in order. */
import { fileURLToPath } from "node:url";
import {
  createLogger,
  listenToSupervisor,
  runProcess,
  sleepUntilAborted,
  systemClock,
  toRoostError,
  type Logger,
  type Supervised,
} from "@roost/base";
import { gatewayApplication } from "@roost/access";
import { exitCodeOf } from "@roost/contract/status-codes";
import { openDatabase, type Database } from "@roost/database";
import { answersOf, createKeepAnswer, openKernel, type Kernel } from "@roost/kernel";
import { findPlace, openMemory, readRecordedHome, type HeldHome, type HomePlace, type Memory } from "@roost/memory";
import { askForDatabase } from "@roost/models";
import { openServices } from "@roost/service";
import { homeRooms } from "@roost/worker/home-rooms";
import { openTelemetry } from "@roost/telemetry";
import { readGatewayConfig, type GatewayConfig } from "./config.ts";
import { createGateway } from "./create-gateway.ts";
import { createApi } from "./create-api.ts";
import { describeActiveJobs } from "./describe-active-jobs.ts";
import { describeConfig } from "./describe-config.ts";
import { findModel, tellModel, type ModelFacts } from "./find-model.ts";
import { followHome } from "./follow-home.ts";
import { keepHome, type HomeKeeper } from "./keep-home.ts";
import { knownNamesOf } from "./known-names-of.ts";
import { listen } from "./listen.ts";
import { lookAtSchemas } from "./look-at-schemas.ts";
import { openRouting } from "./routing/create-home-router.ts";
import { reachedServices } from "./reached-services.ts";
import { readListenSettings } from "./read-listen-settings.ts";
import { publishAddress } from "./publish-address.ts";
import { openRehearsals, type OpenRehearsalsOptions } from "./rehearsals/open-rehearsals.ts";
import type { Rehearsals } from "./rehearsals/create-rehearsals.ts";
import { createAgentDoor } from "./openai/agents/create-agent-door.ts";
import { openEntries } from "./open-entries.ts";
import { openOwnProxy } from "./open-own-proxy.ts";
import { openReplays, type Replays } from "./replays/open-replays.ts";
import { addressesOf, type OriginRules } from "./security/check-origin.ts";
import { openRecordedToken, openToken } from "./security/open-token.ts";
import { createSignInCodes, type SignInCodes } from "./security/sign-in-codes.ts";
import { openConsole } from "./console/open-console.ts";

const version = "0.1.0";
const poolMax = 12;
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
  const { homeDir, environment, OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint } = config;
  const place = await findPlace(config, "gateways");
  const { homeAddress } = place;
  const isHome = place.host === undefined;
  const ownToken = isHome ? await openToken(homeDir, { clock: systemClock, logger }) : undefined;
  supervised.stop.addEventListener("abort", () => endLate(logger), { once: true });

  await using telemetry = await openTelemetry({ serviceName: "roost-gateway", otlpEndpoint, logger });
  await using opened = await openHome(config, place, logger);
  const { database, kernel, home } = opened;
  const services = reachedServices(await openServices({ kernel, kind: "gateway", name: "gateway" }), place);
  const keepAnswer = createKeepAnswer(answersOf(database), { logger });
  const { router, memory } = openRouting(opened.memory, { directory: services.directory });
  const { settings } = memory;
  const entries = await openEntries(memory, { config, homeId: home.id, homeAddress });
  const token = ownToken ?? openRecordedToken(kernel);
  const finding = findModel(kernel, config, { settings, logger, isHome });
  const modelNames = () => finding.then((found) => found.modelNames());
  const known = knownNamesOf(kernel, { serviceLists: [services.directory, services.thirdParties], modelNames });
  const kept = { homeId: home.id, known, supervised, environment, token };
  const [{ facts: model, providers, ...checks }, engine, path, keeper] = await Promise.all([
    finding,
    readEngine(database, { isEmbedded: isHome && config.DATABASE_URL === undefined }),
    isHome ? homeDir : readHomePath(database),
    isHome ? keepHome(memory, kept) : followHome(memory, kept),
  ]);
  if (supervised.stop.aborted) return;

  const shutdown = AbortSignal.any([supervised.stop, home.refused]);
  shutdown.addEventListener("abort", () => endLate(logger), { once: true });
  const confined = openConfined(config, { place, kernel, model, shutdown });
  const console = openConsole({ root: cloneDir, logger, signal: shutdown });
  const { machineDir, timeZone } = memory;
  const facts = { version, homeDir: path, machineDir, timeZone, startedAtMs, engine, model, ...checks, console };
  let origin: OriginRules = { port: 0 };
  // Codes and cookies of one gateway count at another, whose machine's clock may be minutes off.
  const { clock } = kernel;
  const codes = createSignInCodes(kernel, { ...entries, token, clock });
  const { channels, applyAtOnce, onTrusted } = keeper;
  const setup = { environment, restart: isHome ? supervised.askForRestart : undefined, applyAtOnce, logger };
  const shown = { channels, addresses: () => addressesOf(origin), facts };
  const describe = () => describeConfig(config, keeper.inForce(), model);
  const own = { kernel, memory, router, services, setup, config: describe };
  const api = createApi({ ...own, ...entries, codes, known, onTrusted, ...shown, ...confined });
  const proxied = { providers, routes: settings.proxy.routes, homeAddress, alongside: entries.access.recordSeen };
  await using proxy = await openOwnProxy({ kernel, clock, logger, ...proxied });
  const agents = createAgentDoor({ kernel, memory, proxy, logger, agents: known.agents, shutdown });
  const common = { environment, token, version, clock, logger, telemetry, shutdown };
  const doors = { ...entries, codes, console, proxy, agents, origin: () => origin };
  const app = createGateway({ api, services, memory, keepAnswer, ...doors, ...common });
  await using listening = await listen({ ...readListenSettings(config, { settings, logger, isHome }), ...app });
  origin = listening.rules;
  const going = keeper.run({ model: { facts: model, ...checks }, signal: shutdown });
  // On a joined host commands ask the gateway where the home is.
  await using _address = isHome ? await publishAddress(homeDir, { url: listening.url, startedAtMs, logger }) : null;
  logger.info("The gateway is ready", { url: listening.url, model: model.name, mode: model.mode });
  const told = { url: listening.url, codes, model, findProblem: checks.findProblem };
  await tellReady(supervised, { ...told, memory, keeper });
  await going.catch((error: unknown) => endFailed(error, logger));
  if (home.refused.aborted) throw home.refused.reason;
  logger.info("The gateway is stopping", { reason: String(supervised.stop.reason) });
}

interface ReadyGateway {
  url: string;
  codes: SignInCodes;
  model: ModelFacts;
  findProblem: () => Promise<string | null>;
  memory: Memory;
  keeper: HomeKeeper;
}

async function tellReady(supervised: Supervised, ready: ReadyGateway): Promise<void> {
  const { url, codes, model, findProblem, memory, keeper } = ready;
  const { kernel, settings } = memory;
  const told = [await findProblem(), await describeActiveJobs(kernel, settings), ...keeper.notices];
  supervised.ready({
    url,
    signInCode: (await codes.create()).code,
    model: tellModel(model),
    notices: told.filter((line) => line != null),
    hasServices: settings.services.length > 0,
  });
}

interface OpenedHome extends AsyncDisposable {
  database: Database;
  kernel: Kernel;
  home: HeldHome;
  memory: Memory;
}

async function openHome(config: GatewayConfig, place: HomePlace, logger: Logger): Promise<OpenedHome> {
  const { homeDir, bucketBefore, environment } = config;
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await openOwnDatabase(place, logger));
  const kernel = opened.use(await openKernel({ database, logger, rooms: homeRooms }));
  const home = opened.use(await place.hold(kernel));
  const given = { kernel, homeDir, logger, bucketBefore, environment };
  const memory = opened.use(await openMemory({ ...given, ...place.memory }));
  const owned = opened.move();
  return { database, kernel, home, memory, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Left unchanged when it belongs to another home. */
async function openOwnDatabase(place: HomePlace, logger: Logger): Promise<Database> {
  await using opened = new AsyncDisposableStack();
  const given = { url: place.databaseUrl, poolMax, applicationName: gatewayApplication, logger };
  const database = opened.use(await openDatabase(given).catch(place.explain));
  await place.refuse(database);
  if (place.host !== undefined) await lookAtSchemas(database);
  opened.move();
  return database;
}

async function readHomePath(database: Database): Promise<string> {
  const recorded = await readRecordedHome(database);
  return recorded === undefined ? "" : `${recorded.host}:${recorded.path}`;
}

function openLogger({ ROOST_LOG_LEVEL: level }: GatewayConfig): Logger {
  const write = (line: string) => void process.stderr.write(line);
  return createLogger({ level, clock: systemClock, write }).child({ process: "gateway", pid: process.pid });
}

function openConfined(
  config: GatewayConfig,
  { place, ...given }: Pick<OpenRehearsalsOptions, "kernel" | "model" | "shutdown"> & { place: HomePlace },
): { rehearsals: Rehearsals; replays: Replays } {
  const { homeDir, bucket, environment } = config;
  const options = { ...given, homeDir, bucket, environment, databaseUrl: place.databaseUrl };
  return {
    rehearsals: openRehearsals({ ...options, isElsewhere: place.host !== undefined }),
    replays: openReplays(options),
  };
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

async function readEngine(
  database: { query<Row>(text: string): Promise<Row[]> },
  { isEmbedded }: { isEmbedded: boolean },
) {
  const [row] = await database.query<{ version: string }>("select current_setting('server_version') as version");
  return { version: row?.version ?? "unknown", embedded: isEmbedded };
}

await runProcess(main, exitCodeOf);
