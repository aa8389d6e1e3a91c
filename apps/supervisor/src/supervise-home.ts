/**
 * Runs one home from start to stop: owns and prepares it, starts its database, gateway and workers, keeps them running, and stops them in order.
 * The parts are in the files composed here.
 */
import { rmSync } from "node:fs";
import {
  createLogger,
  delay,
  formatDurationMs,
  type RoostError,
  settleStart,
  systemClock,
  toRoostError,
  type Logger,
  writeFileDurably,
} from "@roost/base";
import type { EmbeddedPostgresStage } from "@roost/database";
import { readJoinedHome } from "@roost/memory/joined-home";
import type { ReadyMessage } from "./children/child-messages.ts";
import type { ChildFailure } from "./children/keep-child.ts";
import { keepChildren, type KeptChildren } from "./children/keep-children.ts";
import { defaultLimits, type ChildLimits } from "./children/spawn-child.ts";
import type { SupervisorConfig } from "./config.ts";
import { keepDatabase, type KeepDatabaseOptions, type KeptDatabase } from "./database/keep-database.ts";
import { useRecordedDatabase } from "./database/use-recorded-database.ts";
import { createHome, prepareMachinery } from "./home/create-home.ts";
import { fillTemplate, type FirstHome } from "./home/first-home.ts";
import { createToken } from "./home/create-token.ts";
import { homePaths, type HomePaths } from "./home/home-paths.ts";
import { lockHome } from "./home/lock-home.ts";
import { openOwnerRecord, readOwner, type HomeOwner, type OwnerRecord } from "./home/owner.ts";
import { openLogFile } from "./logs/open-log-file.ts";
import { endLeftovers } from "./processes/end-leftovers.ts";
import { requireFreePort } from "./processes/require-free-port.ts";
import { listPrograms, type ProgramPaths } from "./programs.ts";
import { runHost, untilAborted, workersOf } from "./run-host.ts";
import type { ProcessTerminal } from "./terminal/create-terminal.ts";

export interface SuperviseHomeOptions {
  config: SupervisorConfig;
  paths: ProgramPaths;
  /** What the home is made from when it is new. */
  first: FirstHome;
  terminal: ProcessTerminal;
  /** Identities of processes at whose end this one stops. */
  starters: readonly string[];
  /** Aborted by the first Ctrl-C: an orderly stop. */
  stop: AbortSignal;
  /** Aborted by the second: no more waiting. */
  force: AbortSignal;
  onReady?: ((gateway: ReadyMessage) => void) | undefined;
  limits?: ChildLimits;
}

/** For the database, after a second Ctrl-C. */
const forcedMsMax = 3_000;

/** Resolves after an orderly stop. @throws RoostError that says what the person can do */
export async function superviseHome(options: SuperviseHomeOptions): Promise<void> {
  const { config, terminal, stop } = options;
  const paths = homePaths(config.homeDirectory);
  await prepareMachinery(paths);
  await using lock = await lockHome(paths, {
    onWait: (owner) => terminal.going(`Waiting for process ${owner.pid}, which is stopping`),
  });
  using log = openLogFile({
    path: paths.log,
    onFailure: (error) => terminal.problem(`The log cannot be written (${error.message}): ${paths.log}`),
  });
  const logger = createLogger({ level: config.logLevel, write: log.write }).child({ process: "supervisor" });
  const before = await readOwner(paths.owner);
  await using owner = openOwnerRecord(
    paths.owner,
    {
      pid: process.pid,
      identity: lock.identity,
      startedAt: new Date(systemClock.nowMs()).toISOString(),
      state: "starting",
      starters: options.starters,
      children: [],
    },
    (error) => logger.warn("owner.json cannot be written", { error }),
  );
  logger.info("starting", { pid: process.pid, home: paths.home });
  try {
    await endLeftovers(before?.children ?? [], logger);
    if (config.address !== undefined) await requireFreePort(config.address);
    const held = { paths, owner, logger, writeLog: log.write };
    const joined = await readJoinedHome(paths.home);
    if (joined !== undefined) {
      if (stop.aborted) return;
      return await runHost(joined, {
        ...options,
        keeping: keepingOptions(options, held),
        onReady: (url) => tellReady({ type: "ready", url }, { ...options, onReady: undefined }, held),
        onStopping: () => owner.update({ state: "stopping" }),
      });
    }
    await createFirstHome(options, paths);
    await createToken(paths.token);
    const located = { ...options, config: await useRecordedDatabase(config) };
    if (!stop.aborted) await runMachine(located, held);
  } catch (error) {
    logger.error("ended by a failure", { error });
    const failure = toRoostError(error);
    await writeRefusal(paths.refusal, failure, logger);
    throw failure;
  }
}

/** `roost doctor` shows it: a detached start, or one at login, has no terminal. */
async function writeRefusal(path: string, { code, message }: RoostError, logger: Logger): Promise<void> {
  const text = JSON.stringify({ at: new Date(systemClock.nowMs()).toISOString(), code, message });
  await writeFileDurably(path, `${text}\n`, { mode: 0o600 }).catch((error: unknown) =>
    logger.warn("refusal.json cannot be written", { error }),
  );
}

async function createFirstHome(
  { first, paths: programs, terminal }: SuperviseHomeOptions,
  paths: HomePaths,
): Promise<void> {
  const isExample = first.example === true;
  const template = isExample ? programs.exampleHome : programs.homeTemplate;
  const isNew = await createHome(paths, { template, fill: (text) => fillTemplate(text, first) });
  if (isNew)
    terminal.done(
      isExample
        ? `Home ${paths.home} created from the example: its people and jobs are fictional (docs/home.md)`
        : `Home ${paths.home} created. USER.md is about you, SOUL.md about your agent: edit them (docs/home.md)`,
    );
  else if (Object.values(first).some((value) => value !== undefined))
    terminal.problem(`The home ${paths.home} exists: options for a new one change nothing`);
}

interface Held {
  paths: HomePaths;
  owner: OwnerRecord;
  logger: Logger;
  writeLog: (line: string) => void;
}

/** Runs database, gateway and workers from their start until all have stopped. Gateway and workers load while the database starts. */
async function runMachine(options: SuperviseHomeOptions, held: Held): Promise<void> {
  const { config, terminal, stop, force } = options;
  const { paths, owner, logger } = held;
  let database: KeptDatabase | undefined;
  const found = Promise.withResolvers<KeptDatabase>();
  const children = startChildren(options, held, { now: () => database?.url(), found: found.promise });
  try {
    if (config.databaseUrl !== undefined) terminal.going("Connecting to the database of DATABASE_URL");
    database = await keepDatabaseUnlessStopped(stop, {
      url: config.databaseUrl,
      directory: paths.postgres,
      logger,
      stop,
      onStage: (stage) => terminal.going(stages[stage]),
      onLost: (reason) => terminal.problem(reason),
      onBack(hasMoved) {
        terminal.done("PostgreSQL is back");
        // Children keep the address they started with.
        if (hasMoved) children.restart();
      },
    });
    if (database === undefined) return;
    terminal.done(database.description);
    if (stop.aborted) return;
    found.resolve(database);
    terminal.going(`Starting the gateway and ${workersOf(config)}`);
    await Promise.race([children.ready.then((gateway) => tellReady(gateway, options, held)), untilAborted(stop)]);
    await untilAborted(stop);
  } finally {
    owner.update({ state: "stopping" });
    if (database !== undefined)
      terminal.going("Stopping: workers finish or hand over their runs (Ctrl-C again to force)");
    await children.stop(force);
    if (database !== undefined) {
      await stopDatabase(database, force);
      logger.info("stopped");
      terminal.done("Stopped");
    }
  }
}

function tellReady(
  gateway: ReadyMessage,
  { stop, onReady }: SuperviseHomeOptions,
  { paths, owner, logger }: Held,
): void {
  if (stop.aborted) return;
  owner.update({ state: "running" });
  rmSync(paths.refusal, { force: true });
  logger.info("ready", { url: gateway.url, elapsedMs: Math.round(performance.now()) });
  onReady?.(gateway);
  settleStart();
}

/** Ctrl-C in a terminal also reaches the program that creates the first database: its failure is then intended. */
async function keepDatabaseUnlessStopped(
  stop: AbortSignal,
  options: KeepDatabaseOptions,
): Promise<KeptDatabase | undefined> {
  try {
    return await keepDatabase(options);
  } catch (error) {
    if (stop.aborted) return undefined;
    throw error;
  }
}

const stages: Readonly<Record<EmbeddedPostgresStage, string>> = {
  "copying programs": "Copying PostgreSQL to where its user can read it",
  "creating database": "Creating the database",
  starting: "Starting PostgreSQL",
  recovering: "PostgreSQL is recovering from a crash",
};

/** The address of the database: as far as it is known, and once it is. */
interface AwaitedDatabase {
  now: () => string | undefined;
  found: Promise<KeptDatabase>;
}

function startChildren(options: SuperviseHomeOptions, held: Held, database: AwaitedDatabase): KeptChildren {
  const { config, paths } = options;
  let gatewayUrl: string | undefined;
  const programs = listPrograms({ config, paths, databaseUrl: database.now, gatewayUrl: () => gatewayUrl });
  return keepChildren(programs, {
    ...keepingOptions(options, held),
    databaseUrl: async () => (await database.found).url(),
    onGateway({ url }) {
      gatewayUrl = url ?? gatewayUrl;
      held.owner.update(url === undefined ? {} : { url });
    },
  });
}

function keepingOptions({ limits, terminal }: SuperviseHomeOptions, { paths, owner, logger, writeLog }: Held) {
  return {
    nodePath: process.execPath,
    directory: paths.home,
    limits: limits ?? defaultLimits,
    logger,
    writeLog,
    logPath: paths.log,
    onChange: (children: HomeOwner["children"]) => owner.update({ children }),
    onFailure: (name: string, failure: ChildFailure) => terminal.problem(describeFailure(name, failure, paths.log)),
    onRecovery: (name: string) => terminal.done(`${name} is up again`),
  };
}

function describeFailure(name: string, failure: ChildFailure, log: string): string {
  const why = failure.lastError === undefined ? "" : `: ${failure.lastError}`;
  const next = formatDurationMs(failure.nextMs);
  if (!failure.isLooping) return `${name} ended (${failure.reason})${why}; restarting in ${next}`;
  return `${name} ended ${failure.failuresInRow} times in a row (${failure.reason})${why}; retrying in ${next}, see ${log}`;
}

/** A database that does not stop is left running; the next start adopts it. */
async function stopDatabase(database: KeptDatabase, force: AbortSignal): Promise<void> {
  await Promise.race([database.stop(), untilAborted(force).then(() => delay(forcedMsMax, { keepAlive: false }))]);
}
