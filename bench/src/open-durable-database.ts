/** A PostgreSQL as people run it, fsync on, in a directory of its own that goes with it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@roost/base";
import { openDatabase, openEmbeddedPostgres, type Database } from "@roost/database";
import { openKernel, type Kernel } from "@roost/kernel";
import { homeRooms } from "@roost/worker/home-rooms";

export interface DurableDatabase extends AsyncDisposable {
  url: string;
  database: Database;
  kernel: Kernel;
}

export async function openDurableDatabase(): Promise<DurableDatabase> {
  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "roost-bench-"));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  const postgres = opened.use(await openEmbeddedPostgres({ dir: join(directory, "postgres"), logger: silentLogger }));
  const database = opened.use(
    await openDatabase({ url: postgres.url, applicationName: "bench", logger: silentLogger, poolMax: 16 }),
  );
  const kernel = opened.use(await openKernel({ database, logger: silentLogger, rooms: homeRooms }));
  const kept = opened.move();
  return { url: postgres.url, database, kernel, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
