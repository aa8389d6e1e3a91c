/**
 * Many agents and many jobs in one database: how long a gateway takes to start, lists to answer, runs to be claimed and ticks to be recorded, and what
 * that asks of the database. Half of the sizes and the whole are measured, beside a home without any, so that what grows is seen.
 */
import { applyAgents, applyJobs } from "@roost/jobs";
import { claimRuns, createRuns, finishRun, type ClaimedRun, type Kernel } from "@roost/kernel";
import { runWorker } from "@roost/worker";
import { delay, silentLogger } from "@roost/base";
import { listServerPids, readResidentMib, sumProcessorMs } from "../living-home/home-processes.ts";
import { startQuietHome, type LivingHome } from "../living-home/start-home.ts";
import { formatMs, timed, type Figure, type Measure } from "../measure.ts";
import { openDurableDatabase } from "../open-durable-database.ts";
import { joinAsWorker } from "../peers/open-roost.ts";
import { openCurve } from "../open-curve.ts";
import { statistics } from "../statistics.ts";

const agentsAtFullSize = 10_000;
const jobsAtFullSize = 100_000;
const perCall = 500;
const claimCount = 1_000;
const callCount = 40;
const startCount = 3;
/** Some minutes of cron jobs, whose moments are whole minutes. */
const tickMs = 130_000;
/** Of the home without jobs: what the server does meanwhile. */
const idleMs = 10_000;
/** One in so many jobs is due each hour, the others once a day: what a minute brings is the same in each. */
const hourlyShare = 10;
const aims = { startMs: 5_000, listMs: 200, claimFactor: 1.5, tickMs: 1_000 };

interface Point {
  agents: number;
  jobs: number;
  startMs: number;
  listMs: number;
  statusMs: number;
  psMs: number;
  claimP99Ms: number;
  tickP99Ms: number | undefined;
  ticks: number;
  gatewayMib: number;
  /** Processor time of the server, of one core, while ticks are recorded. */
  serverShare: number;
}

const titles = [
  "agents",
  "jobs",
  "start",
  "`jobs list`",
  "status",
  "`ps`",
  "claim p99",
  "ticks p99",
  "ticks",
  "gateway",
  "PostgreSQL",
];

function rowOf(point: Point): (string | number)[] {
  return [
    point.agents,
    point.jobs,
    formatMs(point.startMs),
    formatMs(point.listMs),
    formatMs(point.statusMs),
    formatMs(point.psMs),
    formatMs(point.claimP99Ms),
    point.tickP99Ms === undefined ? "–" : formatMs(point.tickP99Ms),
    point.ticks,
    `${point.gatewayMib.toFixed(0)} MiB`,
    `${(100 * point.serverShare).toFixed(1)} % of a core`,
  ];
}

export const measureDefinitions: Measure = async ({ isQuick, share, onProgress }) => {
  const full = isQuick ? 0.002 : share;
  await using opened = await openDurableDatabase();
  const sizes = [0, full / 2, full].map((part) => ({
    agents: Math.round(part * agentsAtFullSize),
    jobs: Math.round(part * jobsAtFullSize),
  }));
  await using home = await startQuietHome(opened.url);
  const points: Point[] = [];
  const curve = openCurve(titles, { onProgress });
  let before = { agents: 0, jobs: 0 };
  let definedMs = 0;
  for (const size of sizes) {
    onProgress(`${size.agents.toLocaleString("en")} agents and ${size.jobs.toLocaleString("en")} jobs`);
    definedMs += await timed(() => define(opened.kernel, before, size));
    before = size;
    await opened.database.query("analyze");
    const isFull = size === sizes.at(-1);
    const watchMs = isQuick ? 1_000 : size.jobs === 0 ? idleMs : isFull ? tickMs : tickMs / 2;
    const point = { ...size, ...(await measurePoint(opened.kernel, home, { isQuick, watchMs })) };
    points.push(point);
    curve.add(rowOf(point));
  }
  curve.print();
  return figuresOf(points, definedMs);
};

function figuresOf(points: readonly Point[], definedMs: number): Figure[] {
  const [empty, full] = [points[0]!, points.at(-1)!];
  const factor = full.claimP99Ms / empty.claimP99Ms;
  const of = `of ${full.agents.toLocaleString("en")} agents and ${full.jobs.toLocaleString("en")} jobs`;
  return [
    {
      name: `start of a gateway ${of}`,
      value: formatMs(full.startMs),
      details: `p50 of ${startCount}; ${formatMs(empty.startMs)} without any; they were defined in ${(definedMs / 1000).toFixed(0)} s`,
      aim: `≤ ${aims.startMs / 1000} s`,
      isMet: full.startMs <= aims.startMs,
    },
    {
      name: "the first page of roost jobs list, p50",
      value: formatMs(full.listMs),
      details: `500 jobs, of ${callCount} calls; ${formatMs(empty.listMs)} without any; the status ${formatMs(full.statusMs)}, roost ps ${formatMs(full.psMs)}`,
      aim: `≤ ${aims.listMs} ms`,
      isMet: full.listMs <= aims.listMs,
    },
    {
      name: "claim p99, over that of an empty home",
      value: factor.toFixed(2),
      details: `${formatMs(full.claimP99Ms)} against ${formatMs(empty.claimP99Ms)}, of one run each`,
      aim: `≤ ${aims.claimFactor}`,
      isMet: factor <= aims.claimFactor,
    },
    {
      name: "ticks recorded after their moment, p99",
      value: full.tickP99Ms === undefined ? "none was due" : formatMs(full.tickP99Ms),
      details: `${full.ticks} ticks at whole minutes, with a worker that ends their runs at once`,
      aim: `≤ ${aims.tickMs / 1000} s`,
      isMet: full.tickP99Ms !== undefined && full.tickP99Ms <= aims.tickMs,
    },
  ];
}

async function define(kernel: Kernel, before: { agents: number; jobs: number }, size: typeof before): Promise<void> {
  for (let from = before.agents; from < size.agents; from += perCall) {
    const agents = numbers(from, size.agents).map((n) => [
      agentOf(n),
      {
        prompt: `You look after subject ${n}. Say what is new there in five lines.`,
        tools: ["get_state", "set_state"],
      },
    ]);
    await applyAgents(kernel, Object.fromEntries(agents), { by: "bench", source: `agents-${from}` });
  }
  for (let from = before.jobs; from < size.jobs; from += perCall) {
    const jobs = numbers(from, size.jobs).map((n) => ({
      id: `job-${String(n).padStart(7, "0")}`,
      trigger: {
        kind: "cron",
        expression: `${Math.floor(n / hourlyShare) % 60} ${n % hourlyShare === 0 ? "*" : Math.floor(n / 600) % 24} * * *`,
      },
      agent: agentOf(n % Math.max(1, size.agents)),
      prompt: `Look at subject ${n}, and say what has changed since the last time.`,
    }));
    await applyJobs(kernel, jobs, { by: "bench", source: `jobs-${from}` });
  }
}

const agentOf = (n: number) => `agent-${String(n).padStart(6, "0")}`;

function numbers(from: number, until: number): number[] {
  return Array.from({ length: Math.min(perCall, until - from) }, (_, index) => from + index);
}

async function measurePoint(
  kernel: Kernel,
  home: LivingHome,
  { isQuick, watchMs }: { isQuick: boolean; watchMs: number },
): Promise<Omit<Point, "agents" | "jobs">> {
  const claimP99Ms = await measureClaims(kernel, isQuick ? 20 : claimCount);
  const starts = [];
  for (let n = 0; n < (isQuick ? 1 : startCount); n += 1) {
    await home.gateway.kill("SIGKILL");
    starts.push(await timed(() => home.addGateway()));
  }
  const { api } = home;
  const p50Of = async (call: () => Promise<unknown>) => {
    const times: number[] = [];
    for (let n = 0; n < (isQuick ? 2 : callCount); n += 1) times.push(await timed(call));
    return statistics(times).p50;
  };
  const listMs = await p50Of(() => api.listJobs({ limit: perCall }));
  const statusMs = await p50Of(() => api.getStatus());
  const psMs = await p50Of(() => api.listActivity({}));
  const ticks = await measureTicks(kernel, home, watchMs);
  return { claimP99Ms, startMs: statistics(starts).p50, listMs, statusMs, psMs, ...ticks };
}

async function measureClaims(kernel: Kernel, count: number): Promise<number> {
  await using worker = await joinAsWorker(kernel);
  const { workerId } = worker;
  const times: number[] = [];
  for (let left = count; left > 0; left -= perCall) {
    const runs = Array.from({ length: Math.min(perCall, left) }, () => ({
      reason: "bench",
      handler: "bench",
      input: {},
    }));
    await kernel.transact((tx) => createRuns(tx, runs));
    for (let n = 0; n < runs.length; n += 1) {
      let claimed: ClaimedRun[] = [];
      times.push(
        await timed(async () => (claimed = await claimRuns(kernel, { workerId, queues: ["default"], limit: 1 }))),
      );
      await finishRun(kernel, { runId: claimed[0]!.id, epoch: claimed[0]!.epoch }, { state: "done" });
    }
  }
  return statistics(times).p99;
}

/** The gateway's scheduler fires them; their runs end at once in this process. */
async function measureTicks(kernel: Kernel, { gateway }: LivingHome, ms: number) {
  const { database } = kernel;
  const stop = new AbortController();
  const handler = async ({ id, epoch }: ClaimedRun) =>
    void (await finishRun(kernel, { runId: id, epoch }, { state: "done" }));
  const working = runWorker({
    kernel,
    handlers: { agent: handler },
    logger: silentLogger,
    signal: stop.signal,
    pid: process.pid,
  });
  const [row] = await database.query<{ now: Date }>("select roost.now() as now");
  const beforeMs = await sumProcessorMs(await listServerPids(database));
  await delay(ms);
  const serverShare = ((await sumProcessorMs(await listServerPids(database))) - beforeMs) / ms;
  stop.abort();
  await working;
  const late = await database.query<{ ms: number }>(
    `select extract(epoch from recorded_at - scheduled_at)::float8 * 1000 as ms from roost.tick where scheduled_at > $1`,
    [row!.now],
  );
  const gatewayMib = (await readResidentMib(gateway.pid)) ?? Number.NaN;
  const tickP99Ms = late.length === 0 ? undefined : statistics(late.map((tick) => tick.ms)).p99;
  return { tickP99Ms, ticks: late.length, gatewayMib, serverShare: Math.max(0, serverShare) };
}
