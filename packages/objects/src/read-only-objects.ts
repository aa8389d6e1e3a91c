import { hashObject } from "./hash-object.ts";
import type { ObjectStore } from "./object-store.ts";

/** What is put is hashed and not kept, and nothing is deleted: for who may not write. */
export function readOnlyObjects(store: ObjectStore, objectBytesMax: number): ObjectStore {
  return {
    put: (content, expected) => hashObject(content, { objectBytesMax, expected }, () => {}),
    get: (sha256) => store.get(sha256),
    read: (sha256, range) => store.read(sha256, range),
    has: (sha256) => store.has(sha256),
    stat: (sha256) => store.stat(sha256),
    delete: async () => false,
    list: (options) => store.list(options),
    link: (sha256, options) => store.link(sha256, options),
  };
}
