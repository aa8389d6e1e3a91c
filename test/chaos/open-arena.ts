/** Where an attack takes place: a database that fails, a way to it that breaks, and the faults that come to pass there. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { delay } from "@roost/base";
import type { Arena } from "./arena.ts";
import { injectFault } from "./inject-fault.ts";
import { keepPostgres } from "./keep-postgres.ts";
import { createRandomSource } from "./random-source.ts";
import { startTearingProxy } from "./tearing-proxy.ts";

const port = 5432;
/** As long as a busy machine may need to bring PostgreSQL back. */
const doneMsMax = 180_000;

export interface OpenArena {
  seed: number;
  smallDisk?: string | undefined;
}

/** On this machine: a PostgreSQL that is killed, and a proxy that tears connections to it. */
export async function openArena({ seed, smallDisk }: OpenArena): Promise<Arena & AsyncDisposable> {
  await using opened = new AsyncDisposableStack();
  const postgres = opened.use(await keepPostgres({ directory: smallDisk }));
  const clientDirectory = join(postgres.directory, "proxy");
  await mkdir(clientDirectory, { mode: 0o700 });
  const toServer = { clientDirectory, serverDirectory: postgres.socketDirectory, port };
  const proxy = opened.use(await startTearingProxy({ ...toServer, random: createRandomSource(seed + 2) }));
  const throughProxy = new URL(postgres.url);
  throughProxy.searchParams.set("host", clientDirectory);
  const isDiskSmall = smallDisk !== undefined;
  const owned = opened.move();
  return {
    databaseUrl: postgres.url,
    processUrl: throughProxy.href,
    address: "127.0.0.1",
    async inject(attacked, cycle) {
      const said = await injectFault({ ...attacked, postgres, proxy, isDiskSmall }, cycle);
      // What was written to fill the disk goes.
      if (isDiskSmall)
        await untilDone(async () => {
          await postgres.revive();
          await attacked.database.query("truncate chaos.flood");
        });
      return said;
    },
    revive: () => postgres.revive(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** PostgreSQL may just be away. */
export async function untilDone<T>(work: () => Promise<T>): Promise<T> {
  const untilMs = performance.now() + doneMsMax;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > untilMs) throw error;
      await delay(50);
    }
  }
}
