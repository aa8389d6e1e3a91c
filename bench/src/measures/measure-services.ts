/**
 * What seventeen idle services cost beside none: memory of their process and of all of PostgreSQL, and transactions a second. Two homes, each with a
 * server of its own, one after the other.
 */
import { delay } from "@roost/base";
import { listServerPids, readMib } from "../living-home/home-processes.ts";
import { startQuietHome, startServices } from "../living-home/start-home.ts";
import { operationCount, writeIdleService } from "../living-home/write-idle-service.ts";
import type { Measure } from "../measure.ts";
import { openDurableDatabase } from "../open-durable-database.ts";

const serviceCount = 17;
const aimMibMax = 60;
const aimPerSecondMax = 1;
/** Connections that are not used are closed by then. */
const idleMs = 60_000;
const countMs = 30_000;

export const measureServices: Measure = async ({ isQuick, onProgress }) => {
  onProgress(`${serviceCount} idle services beside none`);
  const none = await measureIdle([], isQuick);
  const names = Array.from({ length: isQuick ? 2 : serviceCount }, (_, index) => `idle-${index}`);
  const some = await measureIdle(names, isQuick);
  const addedMib = some.processMib + some.postgresMib - none.processMib - none.postgresMib;
  const addedPerSecond = some.perSecond - none.perSecond;
  return [
    {
      name: `memory that ${names.length} idle services add, PostgreSQL's share included (PSS)`,
      value: `${addedMib.toFixed(0)} MiB`,
      details: `process ${some.processMib.toFixed(0)} MiB against ${none.processMib.toFixed(0)} without services, PostgreSQL ${some.postgresMib.toFixed(0)} against ${none.postgresMib.toFixed(0)}; ${operationCount} operations and a consumer each, after ${(isQuick ? 1_000 : idleMs) / 1000} s`,
      aim: `≤ ${aimMibMax} MiB`,
      isMet: addedMib <= aimMibMax,
    },
    {
      name: "transactions a second that they add",
      value: addedPerSecond.toFixed(2),
      details: `${some.perSecond.toFixed(2)} against ${none.perSecond.toFixed(2)} of the whole home`,
      aim: `≤ ${aimPerSecondMax}`,
      isMet: addedPerSecond <= aimPerSecondMax,
    },
  ];
};

async function measureIdle(names: readonly string[], isQuick: boolean) {
  await using opened = await openDurableDatabase();
  await using home = await startQuietHome(opened.url, {
    settings: `services: [${names.join(", ")}]\n`,
    prepare: async (directory) => {
      for (const name of names) await writeIdleService(directory, name);
    },
  });
  await using program = await startServices(home, opened.url);
  await delay(isQuick ? 1_000 : idleMs);
  const countOf = async () => {
    const [row] = await opened.database.query<{ count: number }>(
      "select xact_commit + xact_rollback as count from pg_stat_database where datname = current_database()",
    );
    return row!.count;
  };
  const before = await countOf();
  const forMs = isQuick ? 1_000 : countMs;
  await delay(forMs);
  const perSecond = ((await countOf()) - before) / (forMs / 1000);
  const [processMib, postgresMib] = [
    await readMib(program.pid),
    await readSumMib(await listServerPids(opened.database)),
  ];
  return { perSecond, processMib, postgresMib };
}

async function readSumMib(pids: readonly number[]): Promise<number> {
  const sizes = await Promise.all(pids.map(readMib));
  return sizes.reduce((sum, each) => sum + each, 0);
}
