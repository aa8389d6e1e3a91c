/** Workers from one process to eight on one database, runs of three steps each: how many a second, and what the next one waits for. */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { delay } from "@roost/base";
import type { Database } from "@roost/database";
import { createRuns, runLimits, type Kernel } from "@roost/kernel";
import { listServerPids, readResidentMib, sumProcessorMs } from "../living-home/home-processes.ts";
import { formatMs, type Measure } from "../measure.ts";
import { openDurableDatabase } from "../open-durable-database.ts";
import { openCurve } from "../open-curve.ts";
import { statistics } from "../statistics.ts";

const runsAtFullSize = 10_000;
const workerCounts = [1, 2, 4, 8];
const pollMs = 100;
const msMax = 600_000;
/** A server that leaves less than this of all processors to nobody is what the next worker waits for. */
const busyShare = 0.9;
const program = fileURLToPath(new URL("../scale-worker-program.ts", import.meta.url));

interface Point {
  workers: number;
  perSecond: number;
  p99Ms: number;
  workerMib: number;
  /** Of all processors. */
  serverShare: number;
  workersShare: number;
  serverMsPerRun: number;
  /** What connections of workers that had a statement under way were seen to wait for, most often first. */
  waits: [name: string, share: number][];
}

const titles = [
  "workers",
  "runs a second",
  "run p99",
  "memory of a worker",
  "PostgreSQL, of all processors",
  "workers, of all processors",
  "PostgreSQL, a run",
  "waits of their connections",
];

function rowOf(point: Point): (string | number)[] {
  return [
    point.workers,
    Math.round(point.perSecond),
    formatMs(point.p99Ms),
    `${point.workerMib.toFixed(0)} MiB`,
    percent(point.serverShare),
    percent(point.workersShare),
    formatMs(point.serverMsPerRun),
    point.waits.map(([name, part]) => `${name} ${percent(part)}`).join(", "),
  ];
}

export const measureWorkers: Measure = async ({ isQuick, share, onProgress }) => {
  const count = isQuick ? 40 : Math.max(100, Math.round(runsAtFullSize * share));
  await using opened = await openDurableDatabase();
  const points: Point[] = [];
  const curve = openCurve(titles, { onProgress });
  for (const workers of isQuick ? [1, 2] : workerCounts) {
    onProgress(`${count.toLocaleString("en")} runs of three steps, ${workers} worker processes`);
    const point = await measurePoint(opened, { workers, count });
    points.push(point);
    curve.add(rowOf(point));
  }
  curve.print();
  const best = points.reduce((one, other) => (other.perSecond > one.perSecond ? other : one));
  const last = points.at(-1)!;
  return [
    {
      name: "runs of three steps a second, at most",
      value: best.perSecond.toFixed(0),
      details: `with ${best.workers} worker processes; ${points.map(({ workers, perSecond }) => `${workers}: ${perSecond.toFixed(0)}`).join(", ")}`,
    },
    { name: "what the next worker waits for", value: limitOf(last), details: `with ${last.workers} worker processes` },
  ];
};

function limitOf({ serverShare, workersShare, waits }: Point): string {
  const [first] = waits;
  if (serverShare + workersShare >= busyShare)
    return `the processors: PostgreSQL takes ${percent(serverShare)} of them, workers ${percent(workersShare)}`;
  return `PostgreSQL: ${first === undefined ? "nothing was seen" : first[0]}, while ${percent(1 - serverShare - workersShare)} of the processors are free or others'`;
}

const percent = (part: number) => `${(100 * part).toFixed(0)} %`;

/**
 * What each connection of a worker does. Who waits for a row holds the lock of its tuple, or waits for that: pg_locks then names the table, also where the
 * wait itself is for the transaction that has changed the row.
 */
const sampleWaits = `select coalesce(wait_event_type || ' ' || wait_event, 'the processor') || coalesce(' of ' || l.name, '') as wait
  from pg_stat_activity a left join lateral (
    select relation::regclass::text as name from pg_locks where pid = a.pid and locktype = 'tuple' and a.wait_event_type = 'Lock' limit 1) l on true
  where application_name = 'bench worker' and state = 'active'`;

async function measurePoint(
  { kernel, database, url }: { kernel: Kernel; database: Database; url: string },
  { workers, count }: { workers: number; count: number },
): Promise<Point> {
  await using stack = new AsyncDisposableStack();
  const children = Array.from({ length: workers }, () => {
    const child = spawn(process.execPath, [program, url], { stdio: ["ignore", "ignore", "inherit"] });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    stack.defer(async () => {
      child.kill("SIGTERM");
      await ended;
    });
    return child;
  });
  await until(async () => {
    const [row] = await database.query<{ count: number }>(
      "select count(*)::int as count from roost.worker where kind = 'worker' and expires_at > roost.now()",
    );
    return row!.count >= workers;
  });
  const [row] = await database.query<{ now: Date }>("select roost.now() as now");
  const ownPids = children.map(({ pid }) => pid!);
  const before = [await sumProcessorMs(await listServerPids(database)), await sumProcessorMs(ownPids)] as const;
  const startedMs = performance.now();
  for (let left = count; left > 0; left -= runLimits.createMax) {
    const runs = Array.from({ length: Math.min(left, runLimits.createMax) }, () => ({
      reason: "bench",
      handler: "bench",
      input: {},
    }));
    await kernel.transact((tx) => createRuns(tx, runs));
  }
  const seen = new Map<string, number>();
  let workerMib = 0;
  await until(async () => {
    for (const { wait } of await database.query<{ wait: string }>(sampleWaits))
      seen.set(wait, (seen.get(wait) ?? 0) + 1);
    for (const pid of ownPids) workerMib = Math.max(workerMib, (await readResidentMib(pid)) ?? 0);
    const [left] = await database.query("select 1 from roost.run where ended_at is null limit 1");
    return left === undefined;
  });
  const ms = performance.now() - startedMs;
  const serverMs = (await sumProcessorMs(await listServerPids(database))) - before[0];
  const workersMs = (await sumProcessorMs(ownPids)) - before[1];
  const times = await database.query<{ ms: number }>(
    "select extract(epoch from ended_at - claimed_at)::float8 * 1000 as ms from roost.run_all where ended_at > $1",
    [row!.now],
  );
  const allMs = ms * availableParallelism();
  const all = [...seen.values()].reduce((sum, each) => sum + each, 0);
  return {
    workers,
    perSecond: (count / ms) * 1000,
    p99Ms: statistics(times.map((each) => each.ms)).p99,
    workerMib,
    serverShare: serverMs / allMs,
    workersShare: workersMs / allMs,
    serverMsPerRun: serverMs / count,
    waits: [...seen]
      .map(([name, each]): [string, number] => [name, each / all])
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, 3),
  };
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + msMax;
  while (!(await isTrue())) {
    if (performance.now() > endMs) throw new Error(`the runs were not over within ${msMax / 1000} s`);
    await delay(pollMs);
  }
}
