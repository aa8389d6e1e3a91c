/** Scans the home whenever its folders change, and every few seconds, because a watch can miss changes. */
import { watch, type FSWatcher } from "node:fs";
import { join } from "node:path";
import { sleepUntilAborted, toRoostError } from "@roost/base";
import type { Memory } from "../memory.ts";
import { filesChannel } from "../records/file-records.ts";
import { scanHome, type HomeScan } from "./scan-home.ts";

export interface WatchHome {
  signal: AbortSignal;
  /** Without a hint the home is looked at this often. Default: watchPollMs. */
  pollMs?: number;
  onScan?: (scan: HomeScan) => void;
}

export const watchPollMs = 15_000;
/** Editors write in several steps. */
const quietMs = 150;
/** Folders, not files: a watch on a file stays with the replaced content. Deeper ones are left to the poll. */
const watchedFolders = ["", "memory", "jobs", "agents", "skills"];

/** Resolves when the signal is aborted. One process per home is enough. */
export async function watchHome(memory: Memory, options: WatchHome): Promise<void> {
  const { signal, pollMs = watchPollMs } = options;
  const watchers = new Map<string, FSWatcher>();
  let wake: AbortController | undefined;
  const hint = () => wake?.abort();
  signal.addEventListener("abort", hint, { once: true });
  using _recorded = memory.kernel.wakeups.subscribe(filesChannel, hint);
  try {
    while (!signal.aborted) {
      for (const folder of watchedFolders) openWatcher(memory, watchers, folder, hint);
      wake = new AbortController();
      try {
        const scan = await scanHome(memory, { signal });
        options.onScan?.(scan);
      } catch (error) {
        memory.logger.warn("the home could not be scanned; retrying", { error: toRoostError(error).message });
      }
      await sleepUntilAborted(pollMs, { signal: wake.signal, keepAlive: false });
      await sleepUntilAborted(quietMs, { signal, keepAlive: false });
    }
  } finally {
    signal.removeEventListener("abort", hint);
    for (const watcher of watchers.values()) watcher.close();
  }
}

function openWatcher(memory: Memory, watchers: Map<string, FSWatcher>, folder: string, hint: () => void): void {
  if (watchers.has(folder)) return;
  try {
    const watcher = watch(join(memory.homeDir, folder), { persistent: false }, (_event, name) => {
      // Ignores Roost's own files.
      if (name === null || !name.startsWith(".")) hint();
    });
    watchers.set(folder, watcher);
    watcher.on("error", () => {
      watcher.close();
      watchers.delete(folder);
    });
  } catch (error) {
    // Does not exist yet, or no watches are left: the poll continues.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT") memory.logger.debug("a folder of the home cannot be watched", { folder, code });
  }
}
