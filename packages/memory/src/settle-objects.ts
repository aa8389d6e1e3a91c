/**
 * Where a home's objects are is recorded. When a start names another place, they are carried there first: each is read, checked by its hash and
 * written; what is there already is written again, so a start that was cut off goes on from the beginning and ends the same. The old copies stay.
 */
import { join } from "node:path";
import { RoostError, severalAtOnce, type Logger } from "@roost/base";
import { formatBytes } from "@roost/contract/part";
import type { Kernel } from "@roost/kernel";
import {
  checkBucket,
  describeBucket,
  openObjects,
  type Bucket,
  type ObjectStat,
  type ObjectStore,
} from "@roost/objects";

/** In the home `.roost/AREA`, in a bucket its prefix. */
export const objectAreas = ["objects", "parts"] as const;
const copiesAtOnce = 8;
const toldEvery = 1_000;

export interface ObjectsPlace {
  homeDir: string;
  /** Undefined: the home itself. */
  bucket?: Bucket | undefined;
  /** Where they are now, if it is a bucket that is left. */
  bucketBefore?: Bucket | undefined;
}

export interface SettleOptions {
  logger: Logger;
  /** Whether to carry them; other processes wait until that is done. */
  isCarrier: boolean;
}

/**
 * @throws RoostError `unavailable` when another process has to carry them first, or the bucket does not answer; `invalid_input` when they are in a
 * bucket that is not named
 */
export async function settleObjects(
  kernel: Kernel,
  { homeDir, bucket, bucketBefore }: ObjectsPlace,
  { logger, isCarrier }: SettleOptions,
): Promise<void> {
  const wanted = nameOf(bucket);
  const [row] = await kernel.database.query<{ place: string }>("select place from memory.objects_place");
  const now = row?.place ?? nameOf(undefined);
  if (isCarrier && bucket !== undefined) await checkBucket(bucket);
  if (now === wanted) return;
  if (!isCarrier)
    throw new RoostError(
      "unavailable",
      `objects are in ${now} and have to be carried to ${wanted} first: the gateway does it`,
    );
  if (now !== nameOf(undefined) && now !== nameOf(bucketBefore))
    throw new RoostError(
      "invalid_input",
      `objects of this home are in ${now}, and OBJECTS_URL ${bucket === undefined ? "is not set" : `names ${wanted}`}: set it as before, or set OBJECTS_FROM_URL to where they are, for one start that carries them`,
    );
  logger.info("objects are carried", { from: now, to: wanted });
  const from = now === nameOf(undefined) ? undefined : bucketBefore;
  const directory = join(homeDir, ".roost");
  for (const area of objectAreas)
    await carry(
      await openObjects(area, { directory, bucket: from, isReadOnly: true }),
      await openObjects(area, { directory, bucket, isReadOnly: false }),
      { area, logger },
    );
  await kernel.database.query(
    "insert into memory.objects_place (place) values ($1) on conflict (is_single) do update set place = excluded.place",
    [wanted],
  );
  logger.info("objects were carried; the copies that are left can be removed when a backup has been made", {
    from: now,
    to: wanted,
  });
}

async function carry(
  from: ObjectStore,
  to: ObjectStore,
  { area, logger }: { area: string; logger: Logger },
): Promise<void> {
  let count = 0;
  let bytesSum = 0;
  let after: string | undefined;
  do {
    const page = await from.list({ limit: 1_000, after }).catch(noneYet);
    await severalAtOnce(page.objects, copiesAtOnce, async ({ sha256, bytes }) => {
      await carryOne(from, to, { stat: { sha256, bytes }, logger });
      count += 1;
      bytesSum += bytes;
      if (count % toldEvery === 0) logger.info("objects are carried", { area, count, size: formatBytes(bytesSum) });
    });
    after = page.next ?? undefined;
  } while (after !== undefined);
}

/** Piece by piece: it may have 2 GiB. A damaged object stops only itself. */
async function carryOne(
  from: ObjectStore,
  to: ObjectStore,
  { stat, logger }: { stat: ObjectStat; logger: Logger },
): Promise<void> {
  let fault: unknown;
  async function* read() {
    try {
      yield* from.read(stat.sha256);
    } catch (error) {
      fault = error;
      throw error;
    }
  }
  try {
    await to.put(read(), stat);
  } catch (error) {
    if (!(fault instanceof RoostError && ["internal", "not_found"].includes(fault.code))) throw error;
    logger.error("an object is damaged and stays where it is", { sha256: stat.sha256, error: fault.message });
  }
}

function noneYet(error: NodeJS.ErrnoException): { objects: []; next: null } {
  if (error.code === "ENOENT") return { objects: [], next: null };
  throw error;
}

function nameOf(bucket: Bucket | undefined): string {
  return bucket === undefined ? "the home" : `${describeBucket(bucket)}, prefix "${bucket.prefix}"`;
}
