/** `npm start` on a home that has been started before: time until it is ready, and what all of its processes keep in memory when idle. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { delay } from "@roost/base";
import { readInheritedEnvironment } from "../config.ts";
import { formatMs, type Measure } from "../measure.ts";
import { statistics } from "../statistics.ts";

const aimMsMax = 3_000;
const aimMibMax = 400;
/** Caches of the start are given back by then. */
const idleMs = 15_000;

const root = fileURLToPath(new URL("../../../", import.meta.url));

export const measureStart: Measure = async ({ isQuick, onProgress }) => {
  onProgress("npm start on a home that is there, and memory at idle");
  const home = await mkdtemp(join(tmpdir(), "roost-bench-home-"));
  try {
    const firstMs = await startOnce(home, async () => undefined);
    const times: number[] = [];
    const memories: { name: string; mib: number }[][] = [];
    for (let round = 0; round < (isQuick ? 1 : 5); round += 1) {
      const isLast = round === (isQuick ? 0 : 4);
      const startMs = await startOnce(home, async (pid) => {
        if (!isLast) return;
        await delay(isQuick ? 1_000 : idleMs);
        memories.push(await readMemory(pid, home));
      });
      times.push(startMs);
    }
    const ready = statistics(times);
    const memory = memories[0] ?? [];
    const mib = memory.reduce((sum, process) => sum + process.mib, 0);
    const parts = Map.groupBy(memory, ({ name }) => name);
    const described = [...parts].map(
      ([name, all]) => `${all.length} × ${name} ${all.reduce((sum, one) => sum + one.mib, 0).toFixed(0)}`,
    );
    return [
      {
        name: "time to ready of npm start, p50",
        value: formatMs(ready.p50),
        details: `at most ${formatMs(ready.max)}, ${ready.count} starts; ${formatMs(firstMs)} when the home and its database are made`,
        aim: `≤ ${aimMsMax} ms`,
        isMet: ready.p50 <= aimMsMax,
      },
      {
        name: "memory of all processes at idle (PSS)",
        value: `${mib.toFixed(0)} MiB`,
        details: described.join(", "),
        aim: `≤ ${aimMibMax} MiB`,
        isMet: mib <= aimMibMax,
      },
    ];
  } finally {
    await rm(home, { recursive: true, force: true });
  }
};

/** The time until the gateway has said that it is ready; then the work; then an orderly stop. */
async function startOnce(home: string, work: (pid: number) => Promise<void>): Promise<number> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [`${root}scripts/start.mjs`], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    // Neither the person's own home nor their model.
    env: {
      ...readInheritedEnvironment(),
      HOME: home,
      ROOST_HOME: join(home, "roost"),
      ROOST_PORT: "0",
      NO_COLOR: "1",
    },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  try {
    await untilReady(child);
    const elapsedMs = performance.now() - startMs;
    await work(child.pid!);
    return elapsedMs;
  } finally {
    child.kill("SIGINT");
    await ended;
  }
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    const hear = (text: string) => {
      output += text;
      if (/http:\/\/(?:127\.0\.0\.1|localhost):\d+/.test(output)) resolve();
    };
    child.stdout?.setEncoding("utf8").on("data", hear);
    child.stderr?.setEncoding("utf8").on("data", hear);
    child.once("exit", (code) => reject(new Error(`npm start ended (${code}) before it was ready:\n${output}`)));
  });
}

/** The proportional set size of each process of the home: shared pages are counted once, divided by who shares them. */
async function readMemory(startPid: number, home: string): Promise<{ name: string; mib: number }[]> {
  const parents = await readParents();
  const postmaster = Number(
    (await readFile(join(home, "roost/.roost/postgres/data/postmaster.pid"), "utf8").catch(() => "0")).split("\n")[0],
  );
  const isOurs = (pid: number | undefined): boolean =>
    pid !== undefined && pid > 1 && (pid === startPid || pid === postmaster || isOurs(parents.get(pid)));
  const ours = [...parents.keys()].filter(isOurs);
  return Promise.all(
    ours.map(async (pid) => {
      const [rollup, command] = await Promise.all([
        readFile(`/proc/${pid}/smaps_rollup`, "utf8"),
        readFile(`/proc/${pid}/cmdline`, "utf8"),
      ]);
      return { name: nameOf(command), mib: Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) / 1024 };
    }),
  );
}

async function readParents(): Promise<Map<number, number>> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const entries = await Promise.all(
    pids.map(async (pid): Promise<[number, number][]> => {
      const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
      const parent = /^\d+ \(.*\) \S (\d+)/s.exec(stat)?.[1];
      return parent === undefined ? [] : [[pid, Number(parent)]];
    }),
  );
  return new Map(entries.flat());
}

function nameOf(command: string): string {
  if (command.includes("apps/gateway")) return "gateway";
  if (command.includes("packages/worker")) return "worker";
  return command.includes("postgres") ? "postgres" : "supervisor";
}
