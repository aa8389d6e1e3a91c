/** A scheduler alone: opens what it needs, does what is due until it is told to stop. */
import { hostname } from "node:os";
import { createLogger, endLate, listenToSupervisor, runProcess, systemClock } from "@roost/base";
import { exitCodeOf } from "@roost/contract/status-codes";
import { openDatabase } from "@roost/database";
import { openKernel, runScheduler } from "@roost/kernel";
import { findPlace } from "@roost/memory";
import { createHomeLoops } from "@roost/worker/home-loops";
import { homeRooms } from "@roost/worker/home-rooms";
import { readSchedulerConfig } from "./config.ts";

const poolMax = 4;
/** How long an orderly stop may take. Committed work does not depend on it. */
const stopMsMax = 1_500;

async function main(): Promise<void> {
  const { stop, ready } = listenToSupervisor();
  const config = readSchedulerConfig();
  const write = (line: string) => void process.stderr.write(line);
  const level = config.ROOST_LOG_LEVEL;
  const logger = createLogger({ level, clock: systemClock, write }).child({ process: "scheduler", pid: process.pid });
  const place = await findPlace(config, "schedulers");
  const opened = { url: place.databaseUrl, poolMax, applicationName: "roost scheduler", logger };
  await using database = await openDatabase(opened).catch(place.explain);
  await place.refuse(database);
  await using kernel = await openKernel({ database, logger, rooms: homeRooms });
  await using home = await place.hold(kernel);
  const signal = AbortSignal.any([stop, home.refused]);
  endLate(signal, stopMsMax, exitCodeOf);
  ready({});
  await runScheduler(kernel, {
    loops: createHomeLoops(kernel),
    keepsTables: place.host === undefined,
    host: place.host ?? hostname(),
    pid: process.pid,
    signal,
  });
  home.refused.throwIfAborted();
}

await runProcess(main, exitCodeOf);
