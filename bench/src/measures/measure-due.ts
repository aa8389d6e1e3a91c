/** A thousand jobs that are due at one moment: how long until the last of them has begun, a scheduler and a worker in one process. */
import type { Measure } from "../measure.ts";
import { formatMs, timed } from "../measure.ts";
import { openDurableDatabase, type DurableDatabase } from "../open-durable-database.ts";
import { measureRoostCron } from "../peers/roost-cron.ts";
import { statistics } from "../statistics.ts";

/** A third of the 99th percentile before runs were moved by functions, which was 1,138 ms where an update took 1.1. */
const aimUpdatesMax = 345;
const commitCount = 200;

export const measureDue: Measure = async ({ isQuick, onProgress }) => {
  const count = isQuick ? 20 : 1_000;
  onProgress(`${count} jobs due at one moment`);
  await using opened = await openDurableDatabase();
  const updates = await updateMs(opened, isQuick ? 5 : commitCount);
  const setup = { databaseUrl: opened.url, poolMax: 16, directory: "" };
  const result = await measureRoostCron(setup, { count, spreadMs: 0 });
  const { p50Ms = 0, p99Ms = 0, maxMs = 0, missing = 0, twice = 0, tickP50Ms = 0, tickP99Ms = 0 } = result;
  const isMet = maxMs <= aimUpdatesMax * updates && missing === 0 && twice === 0;
  return [
    {
      name: `${count.toLocaleString("en")} jobs due at one moment, until the last has begun`,
      value: `${formatMs(maxMs)}: ${(maxMs / updates).toFixed(0)} updates of one row`,
      details: `p50 ${formatMs(p50Ms)}, p99 ${formatMs(p99Ms)}; their ticks recorded p50 ${formatMs(tickP50Ms)}, p99 ${formatMs(tickP99Ms)}; ${missing} not begun, ${twice} twice; one durable update of one row takes ${formatMs(updates)} here`,
      aim: `≤ ${aimUpdatesMax} updates`,
      isMet,
    },
  ];
};

async function updateMs({ database }: DurableDatabase, count: number): Promise<number> {
  const commits: number[] = [];
  for (let round = 0; round < count; round += 1)
    commits.push(await timed(() => database.query("update roost.retention set runs_ms = runs_ms")));
  return statistics(commits).p50;
}
