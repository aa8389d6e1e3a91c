export { openDirectoryObjects, type OpenDirectoryObjectsOptions } from "./open-directory-objects.ts";
export type { ListObjectsOptions, ObjectContent, ObjectList, ObjectStat, ObjectStore } from "./object-store.ts";
