import { join } from "node:path";
import { openBucketObjects } from "./open-bucket-objects.ts";
import { objectBytesDefault } from "./hash-object.ts";
import type { ObjectStore } from "./object-store.ts";
import type { Bucket } from "./read-bucket.ts";
import { openDirectoryObjects } from "./open-directory-objects.ts";
import { readOnlyObjects } from "./read-only-objects.ts";

export interface OpenObjectsOptions {
  /** The folder whose folders are the areas; not touched where there is a bucket. */
  directory: string;
  bucket: Bucket | undefined;
  /** Limit of one object; default 256 MiB. */
  objectBytesMax?: number;
  isReadOnly: boolean;
}

/** One area of a home's objects, such as "parts": in its bucket, or else in its directory. */
export async function openObjects(
  area: string,
  { directory, bucket, objectBytesMax = objectBytesDefault, isReadOnly }: OpenObjectsOptions,
): Promise<ObjectStore> {
  if (bucket === undefined) return openDirectoryObjects(join(directory, area), { objectBytesMax, isReadOnly });
  const store = openBucketObjects(bucket, { area, objectBytesMax });
  return isReadOnly ? readOnlyObjects(store, objectBytesMax) : store;
}
