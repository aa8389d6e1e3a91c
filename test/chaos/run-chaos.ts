/** The conductor: starts the processes, gives them work, injects one fault per cycle, lets everything come to rest, and checks. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createId, delay, silentLogger, toRoostError } from "@roost/base";
import { openDatabase, type Database } from "@roost/database";
import { defineJob, pauseJob, resumeJob } from "@roost/jobs";
import { createRun, openKernel, readLag, type Kernel } from "@roost/kernel";
import { homeRooms } from "@roost/worker/home-rooms";
import type { Arena, Attacked } from "./arena.ts";
import { chaosEvents, chaosGroup, chaosTopic } from "./chaos-events.ts";
import { createChaosProgram } from "./chaos-program.ts";
import { checkChaos, type ChaosCount, type Checked } from "./check-chaos.ts";
import { startEffectServer, type EffectServer } from "./effect-server.ts";
import { keepProcesses } from "./keep-processes.ts";
import { openArena, untilDone } from "./open-arena.ts";
import { createRandomSource, type RandomSource } from "./random-source.ts";

export interface ChaosOptions {
  seed: number;
  cycles: number;
  /** No further cycle begins after this long. */
  msMax: number;
  /** After so many cycles everything comes to rest and is checked, and the attack goes on. */
  cyclesPerCheck: number;
  leaseMs: number;
  workerCount: number;
  schedulerCount: number;
  /** On a small disk of its own that may be filled. Default: a temporary directory, and the disk is left alone. */
  smallDisk?: string | undefined;
  /** Default: a PostgreSQL of its own on this machine, through a proxy that tears connections. */
  arena?: Arena;
  /** One line per cycle. */
  onCycle?: (line: string) => void;
}

export interface ChaosReport {
  seed: number;
  cycleCount: number;
  processStarts: number;
  /** What each cycle did. */
  faults: string[];
  /** What is wrong; nothing when all promises held. */
  violations: string[];
  count: ChaosCount;
  /** What the processes printed; kept when something is wrong. */
  logDirectory: string;
}

const jobCount = 3;
const runsPerCycleMax = 3;
const serialKeyCount = 2;
const workingMin = 2;
const atWorkMsMax = 20_000;
const cycleMsMin = 150;
const cycleMsMax = 900;
/** Without any progress for this long everything is stuck; what gets on may take its time, on slow machines too. */
const restMsMax = 180_000;

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const random = createRandomSource(options.seed);
  const logDirectory = await mkdtemp(join(tmpdir(), "roost-chaos-log-"));
  await using opened = new AsyncDisposableStack();
  const arena = options.arena ?? opened.use(await openArena(options));
  const { leaseMs, workerCount, schedulerCount } = options;
  const { address, commandOf } = arena;
  const world = opened.use(await startEffectServer(createRandomSource(options.seed + 1), { address }));
  const url = arena.databaseUrl;
  const database = opened.use(await openDatabase({ url, applicationName: "conductor", logger: silentLogger }));
  const kernel = opened.use(
    await openKernel({ database, logger: silentLogger, events: chaosEvents, rooms: homeRooms }),
  );
  await prepare(kernel, random);
  const processes = keepProcesses({
    workerCount,
    schedulerCount,
    leaseMs,
    random,
    logDirectory,
    databaseUrl: arena.processUrl,
    effectUrl: world.url,
    commandOf,
  });
  const killOnExit = () => processes.killAll();
  process.once("exit", killOnExit);
  try {
    await processes.ready();
    const attacked: Attacked = { processes, database, random, leaseMs };
    const work: Work = { kernel, world, submitted: new Set(), faults: [] };
    const untilMs = performance.now() + options.msMax;
    const isOver = () => work.faults.length >= options.cycles || performance.now() >= untilMs;
    let checked: Checked;
    do {
      await stir(attacked, work);
      await attack({ ...options, arena }, attacked, { ...work, isOver });
      await heal(arena, attacked, work);
      const stuck = await rest(database);
      const { violations, count } = await checkChaos(database, world, work.submitted);
      checked = { violations: [...stuck, ...violations], count };
      options.onCycle?.(`at rest: ${checked.violations.length} violations, ${JSON.stringify(count)}`);
    } while (!isOver() && checked.violations.length === 0);
    const forced = await processes.stopAll();
    const { faults } = work;
    const { violations, count } = checked;
    const unheeding = forced.map((name) => `${name} did not stop when it was told to`);
    const wrong = [...processes.unexpected, ...unheeding, ...violations];
    if (wrong.length === 0) await rm(logDirectory, { recursive: true, force: true });
    return {
      seed: options.seed,
      cycleCount: faults.length,
      processStarts: processes.startCount,
      faults,
      violations: wrong,
      count,
      logDirectory,
    };
  } finally {
    processes.killAll();
    process.off("exit", killOnExit);
  }
}

async function prepare(kernel: Kernel, random: RandomSource): Promise<void> {
  await kernel.database.query("create schema chaos");
  await kernel.database.query("create table chaos.seen (id text not null)");
  await kernel.database.query("create table chaos.flood (bytes text not null)");
  for (let n = 0; n < jobCount; n += 1) {
    const program = createChaosProgram(random, `job-${n}`).filter((operation) => operation.op !== "child");
    await defineJob(
      kernel,
      {
        id: `job-${n}`,
        trigger: { kind: "every", every: "1s" },
        prompt: JSON.stringify([{ op: "keyed", effectId: `job-${n}.tick` }, ...program.slice(0, 1)]),
        overlap: "allow",
        catchUp: { policy: "all", max: 1_000, window: "1h" },
        retry: { attemptsMax: 5, backoffMs: 200, backoffMsMax: 1_000 },
      },
      { by: "chaos" },
    );
  }
}

interface Work {
  kernel: Kernel;
  world: EffectServer;
  /** Runs of which the conductor was told that they exist. */
  submitted: Set<string>;
  /** What each cycle did. */
  faults: string[];
}

/** One round of cycles. */
async function attack(
  options: ChaosOptions & { arena: Arena },
  attacked: Attacked,
  { kernel, submitted, faults, isOver }: Work & { isOver: () => boolean },
): Promise<void> {
  const { random } = attacked;
  for (let cycle = 0; cycle < options.cyclesPerCheck && !isOver(); cycle += 1) {
    for (let n = random.whole(1, runsPerCycleMax); n > 0; n -= 1) await submit(kernel, random, submitted);
    await someAtWork(attacked);
    const fault = await options.arena
      .inject(attacked, faults.length + 1)
      .catch((error: unknown) => `no fault: ${toRoostError(error).message}`);
    faults.push(fault);
    options.onCycle?.(`cycle ${faults.length}: ${fault}`);
    await delay(random.whole(cycleMsMin, cycleMsMax));
  }
}

/** A fault that hits no process teaches nothing; but processes that never come up must not end the attack. */
async function someAtWork({ processes }: Attacked): Promise<void> {
  const untilMs = performance.now() + atWorkMsMax;
  while (processes.workingCount < workingMin && performance.now() < untilMs) await delay(20);
}

/** A run counts once its submitter was told that it exists; when he was not, he tries again under the same id. */
async function submit(kernel: Kernel, random: RandomSource, submitted: Set<string>): Promise<void> {
  const id = createId();
  const program = createChaosProgram(random, id);
  const serialKey = random.chance(0.3) ? { serialKey: `serial key ${random.whole(1, serialKeyCount)}` } : {};
  const run = { id, ...serialKey, handler: "chaos", reason: "chaos", input: { program: program as never } };
  const retry = { attemptsMax: 5, backoffMs: 200, backoffMsMax: 1_000 };
  await untilDone(async () => {
    try {
      await kernel.transact((tx) => createRun(tx, { ...run, retry }));
    } catch (error) {
      if (toRoostError(error).code !== "conflict") throw error;
    }
  });
  submitted.add(id);
}

async function stir({ processes }: Attacked, { kernel, world }: Work): Promise<void> {
  world.setCalm(false);
  processes.setQuiet(false);
  for (let n = 0; n < jobCount; n += 1) await untilDone(() => resumeJob(kernel, `job-${n}`, { by: "chaos" }));
}

async function heal(arena: Arena, { processes }: Attacked, { kernel, world }: Work): Promise<void> {
  await arena.revive();
  processes.resumeAll();
  processes.setQuiet(true);
  world.setCalm(true);
  for (let n = 0; n < jobCount; n += 1) await untilDone(() => pauseJob(kernel, `job-${n}`, { by: "chaos" }));
}

/** Waits until every run has ended and every reader has read everything; else says what is stuck. */
async function rest(database: Database): Promise<string[]> {
  let untilMs = performance.now() + restMsMax;
  let before = "";
  for (;;) {
    const live = await untilDone(() =>
      database.query(`select id, state, waiting_for, wake_at, attempt, stall_count, worker_id, serial_key, holds_serial_key, epoch, error ->> 'message' as error
        from roost.run where ended_at is null order by created_at limit 20`),
    );
    const lag = await untilDone(() => readLag(database, { group: chaosGroup, topics: [chaosTopic] }));
    if (live.length === 0 && lag.length === 0) return [];
    const [progress] = await untilDone(() =>
      database.query("select count(*) filter (where ended_at is not null) as ended from roost.run_all"),
    );
    const now = JSON.stringify([progress, lag]);
    if (now !== before) untilMs = performance.now() + restMsMax;
    before = now;
    if (performance.now() > untilMs) return [await describeStuck(database, { live, lag })];
    await delay(250);
  }
}

async function describeStuck(database: Database, stuck: { live: unknown[]; lag: unknown[] }): Promise<string> {
  const workers = await database.query(
    "select id, kind, pid, seen_at, expires_at, roost.now() as now from roost.worker",
  );
  const activity = await database.query(
    "select application_name, state, wait_event_type, wait_event, left(query, 120) as query, now() - state_change as since from pg_stat_activity where datname = current_database()",
  );
  return `no progress for ${restMsMax} ms: ${JSON.stringify({ ...stuck, workers, activity }, undefined, 1)}`;
}
