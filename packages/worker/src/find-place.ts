/** Where a worker finds its home: on this machine's disk, or, on a joined host, through the home's database and object store. */
import { RoostError } from "@roost/base";
import type { Database } from "@roost/database";
import type { Kernel } from "@roost/kernel";
import {
  holdDatabase,
  holdJoined,
  refuseDatabaseOfAnother,
  refuseOtherHomeOf,
  type HeldHome,
  type OpenMemoryOptions,
} from "@roost/memory";
import { resolveDatabaseUrl } from "@roost/memory/home-database";
import { readJoinedHome } from "@roost/memory/joined-home";
import { readBucket } from "@roost/objects";
import type { WorkerConfig } from "./config.ts";
import { refuseLockedOut } from "./refuse-locked-out.ts";

export interface WorkerPlace {
  databaseUrl: string;
  /** Before anything is written. @throws RoostError `invalid_input` when the database is not that of the home */
  refuse(database: Database): Promise<void>;
  hold(kernel: Kernel): Promise<HeldHome>;
  memory: Pick<OpenMemoryOptions, "bucket" | "isMirrored" | "migrate">;
  /** Of an error while the database is opened. @throws it, in words that fit the place */
  explain(error: unknown): never;
  /** What the machine is called in lists. Undefined: by its host name. */
  host?: string | undefined;
}

/** @throws RoostError `invalid_input` that says what is missing */
export async function findPlace(config: WorkerConfig): Promise<WorkerPlace> {
  const { homeDir, environment, databaseUrl, bucket } = config;
  const joined = await readJoinedHome(homeDir);
  if (joined === undefined) {
    if (databaseUrl === undefined)
      throw new RoostError(
        "invalid_input",
        "No database is given: start everything with roost up, or set DATABASE_URL to run a worker alone",
      );
    return {
      databaseUrl,
      refuse: (database) => refuseDatabaseOfAnother(database, homeDir),
      hold: (kernel) => holdDatabase(kernel, homeDir),
      memory: { bucket },
      explain: (error) => {
        throw error;
      },
    };
  }
  const { workers, name, url } = joined;
  if (workers === undefined)
    throw new RoostError(
      "invalid_input",
      `host ${name} keeps files of ${url} and runs no workers: invite it with roost hosts invite --workers, and join in another directory`,
    );
  const own = await resolveDatabaseUrl(workers.database, { env: environment, homeDir });
  return {
    databaseUrl: databaseUrl ?? own!,
    refuse: (database) => refuseOtherHomeOf(database, workers.homeId),
    hold: (kernel) => holdJoined(kernel, workers.homeId),
    memory: {
      bucket: readBucket({ ...environment, OBJECTS_URL: workers.objects }),
      isMirrored: true,
      migrate: false,
    },
    explain: (error) => {
      refuseLockedOut(error);
      throw error;
    },
    host: name,
  };
}
