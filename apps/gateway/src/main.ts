/** The gateway's process: opens what it needs, serves the API, runs a scheduler, and stops in order. */
import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { createLogger, listenToSupervisor, RoostError, systemClock, toRoostError, writeFileDurably } from "@roost/base";
import { exitCodeOf } from "@roost/contract";
import { openDatabase } from "@roost/database";
import { openKernel, runScheduler, setBudgets } from "@roost/kernel";
import { openMemory } from "@roost/memory";
import { budgetCaps, readSettings } from "@roost/memory/settings";
import { openTelemetry } from "@roost/telemetry";
import { applyHomeJobs } from "./apply-home-jobs.ts";
import { readGatewayConfig, type GatewayConfig } from "./config.ts";
import { createGateway } from "./create-gateway.ts";
import { createHandlers } from "./create-handlers.ts";
import { describeConfig } from "./describe-config.ts";
import { findModel } from "./find-model.ts";
import { listen } from "./listen.ts";
import { readToken } from "./read-token.ts";

const version = "0.1.0";
const poolMax = 12;

async function main(): Promise<void> {
  const startedAtMs = systemClock.nowMs();
  const supervised = listenToSupervisor();
  const config = readGatewayConfig();
  const logger = createLogger({
    level: config.ROOST_LOG_LEVEL,
    clock: systemClock,
    write: (line) => void process.stderr.write(line),
  }).child({ process: "gateway", pid: process.pid });
  const settings = readSettings(config.homeDir);
  await using telemetry = await openTelemetry({
    serviceName: "roost-gateway",
    otlpEndpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    logger,
  });
  await using database = await openDatabase({
    url: databaseUrl(config),
    poolMax,
    applicationName: "roost gateway",
    logger,
  });
  await using kernel = await openKernel({ database, logger, telemetry });
  await using memory = await openMemory({ kernel, homeDir: config.homeDir, settings, logger });
  await setBudgets(kernel, { caps: budgetCaps(settings), timeZone: memory.timeZone });
  const model = await findModel(config, settings, logger);
  const notices = await applyHomeJobs(kernel, { homeDir: config.homeDir, timeZone: memory.timeZone, settings, logger });

  const shutdown = new AbortController();
  const handlers = createHandlers({
    kernel,
    memory,
    logger,
    version,
    startedAtMs,
    engine: await readEngine(database, config),
    model,
    config: describeConfig(config, settings, model),
  });
  const origin = { hostnames: new Set<string>(), port: 0 };
  const app = createGateway({
    handlers,
    token: await readToken(config.homeDir),
    version,
    origin: () => origin,
    clock: systemClock,
    logger,
    telemetry,
    shutdown: shutdown.signal,
  });
  await using listening = await listen({
    host: config.ROOST_HOST,
    port: config.ROOST_PORT,
    fetch: (request) => app.fetch(request),
  });
  origin.port = listening.port;
  for (const name of listening.hostnames) origin.hostnames.add(name);
  const scheduler = runScheduler(kernel, { signal: supervised.stop, host: hostname(), pid: process.pid });
  const addressFile = join(config.homeDir, ".roost", "gateway.json");
  await writeFileDurably(
    addressFile,
    `${JSON.stringify({ url: listening.url, pid: process.pid, startedAt: new Date(startedAtMs).toISOString() })}\n`,
    { mode: 0o600 },
  );
  logger.info("The gateway is ready", { url: listening.url, model: model.name, mode: model.mode });
  supervised.ready({
    url: listening.url,
    model: model.mode === "live" ? `${model.name} (${model.provider})` : null,
    notices,
  });

  await scheduler;
  await rm(addressFile, { force: true });
  shutdown.abort(new Error("the gateway stops"));
  logger.info("The gateway stops", { reason: String(supervised.stop.reason) });
}

function databaseUrl(config: GatewayConfig): string {
  if (config.databaseUrl !== undefined) return config.databaseUrl;
  throw new RoostError(
    "invalid_input",
    "No database is named: start everything with `npm start`, or set DATABASE_URL to run the gateway alone",
  );
}

async function readEngine(database: { query<Row>(text: string): Promise<Row[]> }, config: GatewayConfig) {
  const [row] = await database.query<{ version: string }>("select current_setting('server_version') as version");
  return { version: row?.version ?? "unknown", embedded: config.DATABASE_URL === undefined };
}

try {
  await main();
} catch (error) {
  const failure = toRoostError(error);
  process.stderr.write(`${JSON.stringify({ level: "error", message: failure.message, code: failure.code })}\n`);
  process.exitCode = exitCodeOf(failure.code);
}
// Connections that others keep open must not keep a stopped process alive.
process.exit();
