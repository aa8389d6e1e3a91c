/** Processes by Linux's /proc: what they use, and those of a home: the one that was started, what it started, and its PostgreSQL, which has no parent. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Sql } from "@roost/database";

export interface HomeProcess {
  pid: number;
  name: "gateway" | "worker" | "services" | "postgres" | "supervisor";
}

/** `home` is the home's directory. */
export async function listHomeProcesses(startPid: number, home: string): Promise<HomeProcess[]> {
  const parents = await readParents();
  const postmasterFile = join(home, ".roost/postgres/data/postmaster.pid");
  const postmaster = Number((await readFile(postmasterFile, "utf8").catch(() => "0")).split("\n")[0]);
  const isOurs = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === startPid || pid === postmaster || isOurs(parents.get(pid)));
  const ours = [...parents.keys()].filter(isOurs);
  const named = await Promise.all(
    ours.map(async (pid) => ({ pid, command: await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "") })),
  );
  return named.map(({ pid, command }) => ({ pid, name: nameOf(command) }));
}

/** Proportional set size: shared pages are counted once, divided by who shares them. */
export async function readMib(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) / 1024;
}

export interface HomeMemory {
  /** Of all processes of a home together (PSS). */
  mib: number;
  /** "2 × worker 151, 9 × postgres 81" */
  parts: string;
}

export async function readHomeMemory(startPid: number, home: string): Promise<HomeMemory> {
  const processes = await listHomeProcesses(startPid, home);
  const sizes = await Promise.all(processes.map(async ({ pid, name }) => ({ name, mib: await readMib(pid) })));
  const sum = (some: typeof sizes) => some.reduce((total, { mib }) => total + mib, 0);
  const parts = [...Map.groupBy(sizes, ({ name }) => name)].map(
    ([name, all]) => `${all.length} × ${name} ${sum(all).toFixed(0)}`,
  );
  return { mib: sum(sizes), parts: parts.join(", ") };
}

/** What it has in memory itself, shared pages whole. Undefined: it is gone. */
export async function readResidentMib(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kb = /^VmRSS:\s+(\d+)/m.exec(status)?.[1];
  return kb === undefined ? undefined : Number(kb) / 1024;
}

/** Linux gives programs a hundred a second, whatever the kernel counts in. */
const ticksPerSecond = 100;

/** Processor time of a process and of those children that it has waited for. */
export async function readProcessorMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const ticks = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 15)
    .map(Number);
  return (ticks.reduce((sum, each) => sum + each, 0) * 1000) / ticksPerSecond;
}

/** Of several together. */
export async function sumProcessorMs(pids: readonly number[]): Promise<number> {
  const times = await Promise.all(pids.map(readProcessorMs));
  return times.reduce((sum, each) => sum + each, 0);
}

/** Of every process that there is. */
export async function readParents(): Promise<Map<number, number>> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const entries = await Promise.all(
    pids.map(async (pid): Promise<[number, number][]> => {
      const parent = await parentOf(pid);
      return parent === undefined ? [] : [[pid, parent]];
    }),
  );
  return new Map(entries.flat());
}

/** The postmaster of a database's server and all that it has started. */
export async function listServerPids(sql: Sql): Promise<number[]> {
  // Each time: the connection of before may be closed by now.
  const [backend] = await sql.query<{ pid: number }>("select pg_backend_pid() as pid");
  const parents = await readParents();
  const postmaster = parents.get(backend!.pid)!;
  return [postmaster, ...[...parents].filter(([, parent]) => parent === postmaster).map(([each]) => each)];
}

async function parentOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const parent = /^\d+ \(.*\) \S (\d+)/s.exec(stat)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

function nameOf(command: string): HomeProcess["name"] {
  if (command.includes("apps/gateway")) return "gateway";
  if (command.includes("packages/worker")) return "worker";
  if (command.includes("apps/services")) return "services";
  return command.includes("postgres") ? "postgres" : "supervisor";
}
