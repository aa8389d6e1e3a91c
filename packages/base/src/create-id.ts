/**
 * Ids: UUID version 7 (RFC 9562), whose text order is the order of creation within one source. The only source of ids in Roost. Offsets come from
 * the database.
 */
import { randomFillSync } from "node:crypto";
import { systemClock, type Clock } from "./clock.ts";

export interface IdSourceOptions {
  clock?: Clock;
  /** Returns this many random bytes. */
  random?: (byteCount: number) => Uint8Array;
}

/** The 12 bits after the version count ids made within one millisecond (RFC 9562, section 6.2, method 1). */
const counterMax = 0xfff;
/** A new millisecond starts the counter below half, to leave room to count. */
const counterStartMax = 0x7ff;
const byteCountPerId = 10;

/** A source of increasing ids, also when the clock stands still or goes back. */
export function createIdSource(options: IdSourceOptions = {}): () => string {
  const clock = options.clock ?? systemClock;
  const random = options.random ?? createRandomPool();
  let lastMs = -1;
  let counter = 0;

  return () => {
    const bytes = random(byteCountPerId);
    const nowMs = clock.nowMs();
    if (nowMs > lastMs) {
      lastMs = nowMs;
      counter = (((bytes[8] ?? 0) << 8) | (bytes[9] ?? 0)) & counterStartMax;
    } else if (counter < counterMax) {
      counter += 1;
    } else {
      lastMs += 1; // 2,048 ids in one millisecond: use the next one instead of waiting for it.
      counter = 0;
    }
    return format(lastMs, counter, bytes);
  };
}

// tidy: the only state of this package: ids of one process must ascend.
let createProcessId = createIdSource();

/** For simulations, whose ids must repeat: ids of the process come from `source` until disposed. */
export function replaceIdSource(source: () => string): Disposable {
  const before = createProcessId;
  createProcessId = source;
  return {
    [Symbol.dispose]() {
      createProcessId = before;
    },
  };
}

/** A new id from the process's source; with options, the first of a new source. */
export function createId(options?: IdSourceOptions): string {
  return options === undefined ? createProcessId() : createIdSource(options)();
}

function format(ms: number, count: number, bytes: Uint8Array): string {
  const time = ms.toString(16).padStart(12, "0");
  const version = (0x7000 | count).toString(16);
  const variant = hex(0x80 | ((bytes[0] ?? 0) & 0x3f)) + hex(bytes[1] ?? 0);
  let node = "";
  for (let index = 2; index < 8; index += 1) node += hex(bytes[index] ?? 0);
  return `${time.slice(0, 8)}-${time.slice(8)}-${version}-${variant}-${node}`;
}

function hex(byte: number): string {
  return byte < 16 ? `0${byte.toString(16)}` : byte.toString(16);
}

/** Requesting a few bytes from the system costs more than the rest of an id, so 4 KiB are requested at a time. */
function createRandomPool(): (byteCount: number) => Uint8Array {
  const pool = new Uint8Array(4096);
  let used = pool.length;
  return (byteCount) => {
    if (used + byteCount > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += byteCount;
    return pool.subarray(used - byteCount, used);
  };
}
