/** Where a worker, scheduler, relay or gateway finds its home: on this machine's disk, or, on a joined host, through the home's database. */
import { RoostError } from "@roost/base";
import type { Database } from "@roost/database";
import type { Kernel } from "@roost/kernel";
import { readBucket, type Bucket } from "@roost/objects";
import type { OpenMemoryOptions } from "../open-memory.ts";
import { holdDatabase, refuseDatabaseOfAnother } from "./hold-database.ts";
import type { HeldHome } from "./hold-home.ts";
import { holdJoined, refuseOtherHomeOf } from "./hold-joined.ts";
import { resolveDatabaseUrl } from "./home-database.ts";
import { readJoinedHome } from "./joined-home.ts";
import { refuseLockedOut } from "./refuse-locked-out.ts";

export interface HomePlace {
  databaseUrl: string;
  /** Before anything is written. @throws RoostError `invalid_input` when the database is not that of the home */
  refuse(database: Database): Promise<void>;
  hold(kernel: Kernel): Promise<HeldHome>;
  memory: Pick<OpenMemoryOptions, "bucket" | "isMirrored" | "migrate">;
  /** Of an error while the database is opened. @throws it, in words that fit the place */
  explain(error: unknown): never;
  /** What the machine is called in lists. Undefined: by its host name, since the home's disk is here. */
  host?: string | undefined;
  /** Of the gateway where the home is. Undefined: that is here. */
  homeAddress?: string | undefined;
}

export interface PlaceConfig {
  homeDir: string;
  environment: Record<string, string | undefined>;
  databaseUrl: string | undefined;
  bucket?: Bucket | undefined;
}

/** @throws RoostError `invalid_input` that says what is missing */
export async function findPlace(
  config: PlaceConfig,
  role: "workers" | "schedulers" | "relay" | "gateways",
): Promise<HomePlace> {
  const { homeDir, environment, databaseUrl, bucket } = config;
  const joined = await readJoinedHome(homeDir);
  if (joined === undefined) {
    if (databaseUrl === undefined)
      throw new RoostError(
        "invalid_input",
        `No database is given: start everything with roost up, or set DATABASE_URL to run ${role} alone`,
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
  const { runs, name, url } = joined;
  const given = runs?.[role];
  if (runs === undefined || given === undefined)
    throw new RoostError(
      "invalid_input",
      `host ${name} runs no ${role} of ${url}: invite it with roost hosts invite --${role}, and join in another directory`,
    );
  const own = await resolveDatabaseUrl(given.database, { env: environment, homeDir });
  const { objects } = { ...runs.workers, ...(role === "gateways" && runs.gateways) };
  return {
    databaseUrl: databaseUrl ?? own!,
    refuse: (database) => refuseOtherHomeOf(database, runs.homeId),
    hold: (kernel) => holdJoined(kernel, runs.homeId),
    memory: {
      bucket: objects === undefined ? undefined : readBucket({ ...environment, OBJECTS_URL: objects }),
      isMirrored: true,
      migrate: false,
    },
    explain: (error) => {
      refuseLockedOut(error);
      throw error;
    },
    host: name,
    homeAddress: url,
  };
}
