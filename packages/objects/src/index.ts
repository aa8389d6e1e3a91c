export { checkBucket, openBucketObjects, type OpenBucketObjectsOptions } from "./open-bucket-objects.ts";
export { openDirectoryObjects, type OpenDirectoryObjectsOptions } from "./open-directory-objects.ts";
export { openObjects, type OpenObjectsOptions } from "./open-objects.ts";
export { describeBucket, readBucket, type Bucket } from "./read-bucket.ts";
export { requireRoom } from "./require-room.ts";
export type {
  ListObjectsOptions,
  ObjectContent,
  ObjectList,
  ObjectRange,
  ObjectStat,
  ObjectStore,
} from "./object-store.ts";
