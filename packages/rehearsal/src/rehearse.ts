/**
 * Rehearses the coming hours of a home: copies what is needed into a scratch database, runs the kernel's rules and the worker's handler in
 * simulated time, and reports. Reads the home and changes nothing in it.
 */
import { createHash } from "node:crypto";
import { createIdSource, RoostError, replaceIdSource, silentLogger, type Clock, type Logger } from "@roost/base";
import { rehearsalHoursMax, type RehearsalReport } from "@roost/contract/operations";
import type { Database, Sql } from "@roost/database";
import { applyAgents, applyJobs, type ChangedJob } from "@roost/jobs";
import { openKernel, setBudgets, type Kernel } from "@roost/kernel";
import { installSimulatedClock, type SimulatedClock } from "./time/install-simulated-clock.ts";
import { skipUntil } from "./time/skip-until.ts";
import { openMemory, type Memory, type OpenMemoryOptions } from "@roost/memory";
import { budgetCaps, settingsFile, type Settings } from "@roost/memory/settings";
import { openTelemetry } from "@roost/telemetry";
import { workerDefaults } from "@roost/worker";
import { createAgenda } from "./play/agenda.ts";
import { createTokenCounter } from "./play/token-counter.ts";
import { createSimulatedHandler, type MeasuredRun } from "./play/create-simulated-handler.ts";
import { findProviders, type ModelOfHome } from "./play/find-providers.ts";
import { playHours } from "./play/play-hours.ts";
import { defaultProfile, type JobProfile } from "./profile/job-profile.ts";
import { readProfiles, type ProfiledJob } from "./profile/read-profiles.ts";
import { buildReport } from "./report/build-report.ts";
import { copyEvents, createTopics } from "./scratch/copy-events.ts";
import { copyTables } from "./scratch/copy-tables.ts";
import { migrateMemory, openScratchDatabase } from "./scratch/open-scratch-database.ts";

export interface RehearseOptions {
  /** The home's database, only read. */
  home: Database;
  url: string;
  homeDir: string;
  bucket?: OpenMemoryOptions["bucket"];
  hours: number;
  /** Default: the home's current time. */
  fromMs?: number | undefined;
  /** Definitions to try, as written. */
  jobs?: readonly unknown[] | undefined;
  model: ModelOfHome | null;
  signal: AbortSignal;
  logger?: Logger;
  /** This process does nothing else, so even its ids may be reproducible. */
  ownsProcess?: boolean;
  onProgress?: (progress: { playedUntilMs: number; runCount: number }) => void;
}

/** A moment that is this little in the past counts as now. */
const nowSlackMs = 60_000;

/** @throws RoostError `invalid_input` for invalid hours, moment or jobs; the signal's reason when aborted */
export async function rehearse(options: RehearseOptions): Promise<RehearsalReport> {
  const { home, url, hours, signal, logger = silentLogger } = options;
  if (!Number.isInteger(hours) || hours < 1 || hours > rehearsalHoursMax)
    throw new RoostError("invalid_input", `${hours} hours cannot be rehearsed: give 1 to ${rehearsalHoursMax}`);
  const presentMs = await readNow(home);
  const fromMs = beginning(options.fromMs, presentMs);
  const untilMs = fromMs + hours * 3_600_000;
  await using opened = new AsyncDisposableStack();
  const { database } = opened.use(await openScratchDatabase({ home, url }));
  signal.throwIfAborted();
  const clock = await installSimulatedClock(database, presentMs);
  await migrateMemory(database);
  const simulated: Clock = { nowMs: () => clock.nowMs };
  if (options.ownsProcess === true)
    opened.use(replaceIdSource(createIdSource({ clock: simulated, random: countedBytes() })));
  const kernel = opened.use(await openKernel({ database, logger, clock: simulated, migrate: false, isAlone: true }));
  await copyHome(home, database);
  await kernel.registry.refresh();
  const memory = await openReadOnlyMemory(kernel, { homeDir: options.homeDir, bucket: options.bucket, logger });
  const { settings } = memory;
  await setBudgets(kernel, { caps: budgetCaps(settings), timeZone: memory.timeZone });
  await applyAgents(kernel, settings.agents, { by: "rehearsal", source: settingsFile });
  const changes = await tryJobs(kernel, options.jobs ?? [], memory.timeZone);
  const isLater = fromMs > presentMs;
  if (isLater) {
    await skipUntil(kernel, fromMs);
    await clock.set(fromMs);
  }
  signal.throwIfAborted();
  const jobs = await readJobs(database);
  const profiles = await readProfiles(home, jobs);
  const { places, assumed: isPlacesAssumed } = await readPlaces(home, settings);
  const measured = await play({
    ...options,
    logger,
    kernel,
    memory,
    clock: { simulated, clock },
    profiles,
    places,
    untilMs,
  });
  return await buildReport({
    scratch: database,
    span: { fromMs, untilMs, hours, timeZone: memory.timeZone, isLater },
    changes,
    jobs,
    profiles,
    measured,
    places: { count: places, isAssumed: isPlacesAssumed },
    providers: findProviders(settings, options.model),
  });
}

/** Bytes that look random and are the same each time. */
function countedBytes(): (byteCount: number) => Uint8Array {
  let count = 0;
  return (byteCount) => {
    count += 1;
    return createHash("sha256").update(String(count)).digest().subarray(0, byteCount);
  };
}

function beginning(asked: number | undefined, presentMs: number): number {
  if (asked === undefined || Math.abs(asked - presentMs) <= nowSlackMs) return presentMs;
  if (asked > presentMs) return asked;
  throw new RoostError(
    "invalid_input",
    `a rehearsal cannot begin at ${new Date(asked).toISOString()}, in the past, because earlier states of the home are not kept; now is ${new Date(presentMs).toISOString()}`,
  );
}

async function readNow(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ ms: number }>("select floor(extract(epoch from roost.now()) * 1000)::float8 as ms");
  return row!.ms;
}

/** In one read-only snapshot of the home. */
async function copyHome(home: Database, scratch: Database): Promise<void> {
  await home.transact(
    async (tx) => {
      await tx.query("set transaction read only");
      const topics = await createTopics(tx, scratch);
      await copyTables(tx, scratch);
      await copyEvents(tx, scratch, topics);
    },
    { isolation: "repeatable read" },
  );
}

/** Over the home's own directory, which is only read. */
function openReadOnlyMemory(
  kernel: Kernel,
  options: Pick<OpenMemoryOptions, "homeDir" | "bucket" | "logger">,
): Promise<Memory> {
  return openMemory({ ...options, kernel, migrate: false, isReadOnly: true, scan: false });
}

async function tryJobs(kernel: Kernel, jobs: readonly unknown[], timeZone: string): Promise<ChangedJob[]> {
  if (jobs.length === 0) return [];
  return applyJobs(kernel, jobs, { by: "rehearsal", source: "rehearsal", timeZone });
}

async function readJobs(scratch: Sql): Promise<(ProfiledJob & { state: string })[]> {
  return scratch.query("select id, state, definition from roost.job where state <> 'removed' order by id");
}

async function readPlaces(home: Sql, settings: Settings): Promise<{ places: number; assumed: boolean }> {
  const [row] = await home.query<{ count: number }>(
    "select count(*)::int as count from roost.worker where kind = 'worker' and expires_at > roost.now()",
  );
  const live = row?.count ?? 0;
  const workers = live > 0 ? live : (settings.workers ?? 2);
  return { places: workers * workerDefaults.concurrencyMax, assumed: live === 0 };
}

interface Play extends RehearseOptions {
  logger: Logger;
  kernel: Kernel;
  memory: Memory;
  clock: { simulated: Clock; clock: SimulatedClock };
  profiles: Map<string, JobProfile>;
  places: number;
  untilMs: number;
}

async function play(options: Play): Promise<Map<string, MeasuredRun>> {
  const { kernel, memory, logger, profiles, signal, places, untilMs } = options;
  const { simulated, clock } = options.clock;
  const agenda = createAgenda();
  const measured = new Map<string, MeasuredRun>();
  await using telemetry = await openTelemetry({ serviceName: "roost-rehearsal", logger });
  const handler = createSimulatedHandler({
    kernel,
    memory,
    telemetry,
    logger,
    clock: simulated,
    agenda,
    counter: createTokenCounter(),
    providers: findProviders(memory.settings, options.model),
    profileOf: (run) => (run.jobId === null ? undefined : profiles.get(run.jobId)) ?? defaultProfile(),
    measured,
  });
  const onMoment = (playedUntilMs: number, runCount: number) => options.onProgress?.({ playedUntilMs, runCount });
  await playHours({ kernel, clock, agenda, untilMs, places, handler, logger, signal, onMoment });
  return measured;
}
