/** Ties a process of a joined host to the database of its home: it is a process of that home, whatever directory it has here. */
import { RoostError } from "@roost/base";
import type { Database } from "@roost/database";
import type { Kernel } from "@roost/kernel";
import { holdHome, readRecordedHome, type HeldHome, type Recorded } from "./hold-home.ts";

/** Before anything is written. @throws RoostError `invalid_input` when the database is that of another home */
export async function refuseOtherHomeOf(database: Database, homeId: string): Promise<void> {
  await readJoined(database, homeId);
}

async function readJoined(database: Database, homeId: string): Promise<Recorded> {
  const known = await readRecordedHome(database);
  if (known?.id === homeId) return known;
  throw new RoostError(
    "invalid_input",
    `the database that this host logs in to is ${known === undefined ? "of no home" : `of another home, ${known.path} on ${known.host}`}: put the host out at its home (roost hosts remove) and join again`,
  );
}

/** As holdDatabase. @throws RoostError `invalid_input` */
export async function holdJoined({ database, logger }: Kernel, homeId: string): Promise<HeldHome> {
  const { place, path } = await readJoined(database, homeId);
  return await holdHome(database, { id: homeId, place, path, isElsewhere: true }, { logger });
}
