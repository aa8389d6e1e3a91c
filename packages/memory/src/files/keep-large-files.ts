/**
 * The loop that makes versions of large files, and removes old ones beyond the limits and what was brought and never taken. One look at the database tells
 * that there is nothing to do.
 */
import { backoffMs } from "@roost/base";
import { formatLabels } from "@roost/contract/labels";
import type { SchedulerLoop } from "@roost/kernel";
import type { Memory } from "../memory.ts";
import { listUnkept, saveTried } from "../records/list-unkept.ts";
import { condemnVersions, sweepVersions, type LargeVersionLimits } from "../records/large-versions.ts";
import { labelsFromOutside, placedAt } from "../visibility/placed-at.ts";
import { keepLargeFile } from "./keep-large-file.ts";
import { sweepIncoming } from "./take-incoming.ts";

const pollMs = 60_000;
/** A file that was changed a moment ago is being written still. */
const quietMsDefault = 5_000;
/** A file that changes again and again has a version at most this often. */
const everyMsDefault = 5 * 60_000;
/** One that was tried in vain. */
const retryMsMax = 60_000;
/** What one look puts; it goes on with the next file until this is reached. */
const lookBytesMax = 64 * 1024 ** 2;
const refusedBackoff = { firstMs: 60_000, maxMs: 15 * 60_000 };
const sweepEveryMs = 10 * 60_000;

export interface KeepLargeFiles {
  quietMs?: number;
  everyMs?: number;
  bytesMax?: number;
  /** Leaves what is not kept yet to a later look. */
  signal?: AbortSignal | undefined;
}

export interface KeptLargeFiles {
  keptCount: number;
  /** The store took nothing: what is left waits. */
  isRefused: boolean;
  /** There are more that are due. */
  isMore?: boolean;
  /** When the next one is due. */
  atMs?: number | undefined;
}

/** Makes versions of large files that have none of what they are, of many in several looks. The store that refuses one is not asked for the next. */
export async function keepLargeFiles(memory: Memory, options: KeepLargeFiles = {}): Promise<KeptLargeFiles> {
  const { quietMs = quietMsDefault, everyMs = everyMsDefault, bytesMax = lookBytesMax, signal } = options;
  const { database } = memory.kernel;
  const files = await listUnkept(database, { quietMs, everyMs, retryMs: Math.min(everyMs, retryMsMax) });
  const atMs = files.find(({ isDue }) => !isDue)?.dueAt.getTime();
  let [keptCount, bytesSum] = [0, 0];
  for (const { path, bytes } of files.filter(({ isDue }) => isDue)) {
    if (signal?.aborted === true || bytesSum >= bytesMax) return { keptCount, isRefused: false, isMore: true };
    await saveTried(database, path);
    const outcome = await keepLargeFile(memory, path, { signal });
    if (outcome === "refused") return { keptCount, isRefused: true };
    if (outcome === "kept") keptCount += 1;
    bytesSum += bytes;
  }
  return { keptCount, isRefused: false, ...(atMs !== undefined && { atMs }) };
}

/** Removes old versions beyond the limits, each with an event, and the objects that belong to none. How many versions went. */
export async function dropLargeVersions(memory: Memory, limits?: LargeVersionLimits): Promise<number> {
  const { kernel, versions, settings } = memory;
  const { count, gib } = settings.retention.largeFiles;
  const condemned = await kernel.transact(async (tx) => {
    const rows = await condemnVersions(tx, limits ?? { count, bytes: gib * 1024 ** 3 });
    for (const { path, ...version } of rows)
      tx.emit({
        type: "file.dropped",
        subject: path,
        labels: formatLabels(placedAt(path, labelsFromOutside(path))),
        data: { path, ...version },
      });
    return rows;
  });
  await sweepVersions(kernel, versions);
  return condemned.length;
}

/** Handed to the scheduler where the home's disk is. `signal`: ends a look between two files, and between two pieces of one. */
export function createLargeFileLoop(
  memory: Memory,
  { signal }: { signal?: AbortSignal | undefined } = {},
): SchedulerLoop | undefined {
  if (memory.mirror !== undefined) return undefined;
  const { clock } = memory.kernel;
  let refusedCount = 0;
  let againMs = 0;
  let sweepMs = 0;
  const keep = async (): Promise<{ atMs?: number | undefined; isMore?: boolean }> => {
    if (clock.nowMs() < againMs) return { atMs: againMs };
    const { keptCount, isRefused, isMore = false, atMs } = await keepLargeFiles(memory, { signal });
    refusedCount = isRefused ? refusedCount + 1 : 0;
    againMs = isRefused ? clock.nowMs() + backoffMs(refusedCount, refusedBackoff) : 0;
    if (keptCount > 0) sweepMs = 0;
    return isRefused ? { atMs: againMs } : { atMs, isMore };
  };
  return {
    name: "versions of large files",
    // A scan that has seen one says so there.
    channels: () => ["log:home"],
    pollMs,
    async look() {
      const { atMs, isMore = false } = await keep();
      if (signal?.aborted === true || clock.nowMs() < sweepMs) return { atMs, isMore };
      // Also when the store does not answer: its rows wait.
      sweepMs = clock.nowMs() + sweepEveryMs;
      await sweepIncoming(memory);
      const isMoreToDrop = (await dropLargeVersions(memory)) > 0;
      if (isMoreToDrop) sweepMs = 0;
      return { atMs, isMore: isMore || isMoreToDrop };
    },
  };
}
