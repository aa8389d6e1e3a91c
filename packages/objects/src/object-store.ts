/** Bytes, or a stream of unknown length. */
export type ObjectContent = Uint8Array | AsyncIterable<Uint8Array>;

export interface ObjectStat {
  /** Lower-case hex; the name of the object. */
  sha256: string;
  bytes: number;
}

export interface ListObjectsOptions {
  /** Only objects whose name comes after this one. */
  after?: string | undefined;
  /** 1 to 1000, default 1000. */
  limit?: number;
}

export interface ObjectList {
  /** Ascending by name. */
  objects: ObjectStat[];
  /** Pass it as `after` for the next page; null at the end. */
  next: string | null;
}

/** Part of an object: what is beyond its end is not there. */
export interface ObjectRange {
  from: number;
  count: number;
}

/**
 * Immutable bytes named by their SHA-256. Equal bytes are stored once. What `put` has acknowledged survives a crash and a power cut; anything else
 * leaves nothing visible.
 *
 * A name that is not 64 lower-case hex digits is refused with `invalid_input`.
 */
export interface ObjectStore {
  /**
   * `expected`: what it is, for content too large to be held in memory; it may have 2 GiB then, whatever the store's limit. Other content leaves nothing.
   * @throws RoostError `limit_exceeded` beyond the store's limit for one object, or when its disk has no room for it; `conflict` when it is not what was expected
   */
  put(content: ObjectContent, expected?: ObjectStat): Promise<ObjectStat>;
  /** @throws RoostError `internal` when the stored bytes no longer match the name */
  get(sha256: string): Promise<Uint8Array | undefined>;
  /** The bytes in pieces. Throws at the end like `get` when they do not match the name; a range of them is not compared with it. */
  read(sha256: string, range?: ObjectRange): AsyncIterable<Uint8Array>;
  has(sha256: string): Promise<boolean>;
  stat(sha256: string): Promise<ObjectStat | undefined>;
  /** Whether there was something to delete. The caller makes sure that it is unreferenced. */
  delete(sha256: string): Promise<boolean>;
  list(options?: ListObjectsOptions): Promise<ObjectList>;
  /** A URL that gives the bytes, as a file to save, to who has it. Undefined where the store has no server of its own. `seconds`: 1 to 604,800. */
  link(sha256: string, options: { seconds: number; filename: string }): Promise<string | undefined>;
}
