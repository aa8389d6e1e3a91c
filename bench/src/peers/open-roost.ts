/** Roost's kernel as a process of its own opens it, for one workload. */
import { silentLogger } from "@roost/base";
import { openDatabase, type Database } from "@roost/database";
import { openKernel, registerWorker, type Kernel, type WorkerRegistration } from "@roost/kernel";
import { homeRooms } from "@roost/worker/home-rooms";
import type { PeerSetup } from "./peer.ts";

/** Nothing renews a lease while a workload is timed. */
const workloadMsMax = 3_600_000;

export interface OpenRoost extends AsyncDisposable {
  database: Database;
  kernel: Kernel;
}

export async function openRoost({
  databaseUrl,
  poolMax,
}: Pick<PeerSetup, "databaseUrl" | "poolMax">): Promise<OpenRoost> {
  await using opened = new AsyncDisposableStack();
  const database = opened.use(
    await openDatabase({ url: databaseUrl, applicationName: "bench", logger: silentLogger, poolMax }),
  );
  const kernel = opened.use(await openKernel({ database, logger: silentLogger, rooms: homeRooms }));
  const kept = opened.move();
  return { database, kernel, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

export async function joinAsWorker(kernel: Kernel): Promise<WorkerRegistration> {
  return registerWorker(kernel, { kind: "worker", host: "bench", pid: process.pid, ttlMs: workloadMsMax });
}
