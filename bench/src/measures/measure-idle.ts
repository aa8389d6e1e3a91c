/** What an idle home costs: processor time of all its processes, and statements that its PostgreSQL is sent. */
import { appendFile, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { delay } from "@roost/base";
import { listHomeProcesses, readProcessorMs, type HomeProcess } from "../living-home/home-processes.ts";
import { startWholeHome } from "../living-home/start-whole-home.ts";
import type { Measure } from "../measure.ts";

const aimShareMax = 0.005;
const aimPerSecondMax = 3;
/** What the start has left to do is over by then. */
const settleMs = 60_000;
const idleMs = 600_000;
const countMs = 120_000;

export const measureIdle: Measure = async ({ isQuick, onProgress }) => {
  onProgress("an idle home: processor time and statements");
  const directory = await mkdtemp(join(tmpdir(), "roost-bench-home-"));
  const home = join(directory, "roost");
  const times = isQuick
    ? { settle: 1_000, idle: 1_000, count: 1_000 }
    : { settle: settleMs, idle: idleMs, count: countMs };
  try {
    await using started = await startWholeHome(home);
    await delay(times.settle);
    const processes = await listHomeProcesses(started.pid, home);
    const before = await readTimes(processes);
    const beginMs = performance.now();
    await delay(times.idle);
    const lastedMs = performance.now() - beginMs;
    const after = await readTimes(processes);
    const parts = Map.groupBy(processes, ({ name }) => name);
    const shareOf = (some: readonly HomeProcess[]) =>
      some.reduce((sum, { pid }) => sum + after.get(pid)! - before.get(pid)!, 0) / lastedMs;
    const share = shareOf(processes);
    const described = [...parts].map(([name, all]) => `${all.length} × ${name} ${percent(shareOf(all))}`).join(", ");
    const perSecond = await countStatements(home, times.count);
    return [
      {
        name: "processor time of an idle home, of one core",
        value: percent(share),
        details: `${described}, in ${(lastedMs / 1000).toFixed(0)} s`,
        aim: `≤ ${percent(aimShareMax)}`,
        isMet: share <= aimShareMax,
      },
      {
        name: "statements a second of an idle home",
        value: perSecond.toFixed(1),
        details: `counted in the server's log for ${times.count / 1000} s`,
        aim: `≤ ${aimPerSecondMax}`,
        isMet: perSecond <= aimPerSecondMax,
      },
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

async function readTimes(processes: readonly HomeProcess[]): Promise<Map<number, number>> {
  return new Map(await Promise.all(processes.map(async ({ pid }) => [pid, await readProcessorMs(pid)] as const)));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

/** Has the server log each statement, and counts the lines; BEGIN and COMMIT travel with others and are not counted. */
async function countStatements(home: string, forMs: number): Promise<number> {
  const server = join(home, ".roost/postgres");
  const log = join(server, "postgres.log");
  await logStatements(server);
  const { size: start } = await stat(log);
  await delay(forMs);
  const { size: end } = await stat(log);
  if (end === start) return 0;
  let count = 0;
  for await (const line of createInterface({ input: createReadStream(log, { start, end: end - 1 }) })) {
    const text = /LOG: {2}(?:statement|execute [^:]*): (.*)/.exec(line)?.[1];
    if (text !== undefined && !/^(?:begin|commit|rollback)\b/i.test(text)) count += 1;
  }
  return count / (forMs / 1000);
}

/** By its file of settings: only the owner of the cluster may alter them, and no connection is counted. */
async function logStatements(server: string): Promise<void> {
  await appendFile(join(server, "data/postgresql.auto.conf"), "log_statement = 'all'\n");
  const [postmaster] = (await readFile(join(server, "data/postmaster.pid"), "utf8")).split("\n");
  process.kill(Number(postmaster), "SIGHUP");
}
