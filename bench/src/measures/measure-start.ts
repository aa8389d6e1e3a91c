/** `npm start` on a home that has been started before: time until it is ready, and what all of its processes keep in memory when idle. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { delay } from "@roost/base";
import { readHomeMemory, type HomeMemory } from "../living-home/home-processes.ts";
import { startWholeHome } from "../living-home/start-whole-home.ts";
import { formatMs, type Measure } from "../measure.ts";
import { statistics } from "../statistics.ts";

const aimMsMax = 3_000;
const aimMibMax = 400;
/** Caches of the start are given back by then. */
const idleMs = 15_000;

export const measureStart: Measure = async ({ isQuick, onProgress }) => {
  onProgress("npm start on a home that is there, and memory at idle");
  const directory = await mkdtemp(join(tmpdir(), "roost-bench-home-"));
  const home = join(directory, "roost");
  try {
    const firstMs = await startOnce(home, async () => undefined);
    const times: number[] = [];
    let memory: HomeMemory | undefined;
    for (let round = 0; round < (isQuick ? 1 : 5); round += 1) {
      const isLast = round === (isQuick ? 0 : 4);
      const startMs = await startOnce(home, async (pid) => {
        if (!isLast) return;
        await delay(isQuick ? 1_000 : idleMs);
        memory = await readHomeMemory(pid, home);
      });
      times.push(startMs);
    }
    const ready = statistics(times);
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
        value: `${memory!.mib.toFixed(0)} MiB`,
        details: memory!.parts,
        aim: `≤ ${aimMibMax} MiB`,
        isMet: memory!.mib <= aimMibMax,
      },
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

async function startOnce(home: string, work: (pid: number) => Promise<void>): Promise<number> {
  await using started = await startWholeHome(home);
  await work(started.pid);
  return started.startMs;
}
