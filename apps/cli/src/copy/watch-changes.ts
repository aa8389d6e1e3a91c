/** Tells that there may be something to bring or to take: by the home's stream, and by a watch of this directory. Either may be missing for a while. */
import { watch, type FSWatcher } from "node:fs";
import { backoffMs, sleepUntilAborted } from "@roost/base";
import type { RoostClient } from "../connect.ts";

export interface Changes extends Disposable {
  /** Resolves at the next change, also one that came since the last call, or after the time. */
  next(options: { timeoutMs: number; isHeard: boolean }): Promise<void>;
}

export interface WatchChanges {
  config: { homeDir: string };
  connect(options: { isQuiet: true }): Promise<{ client: RoostClient }>;
}

const reconnect = { firstMs: 1_000, maxMs: 60_000 };

export function watchChanges(context: WatchChanges, signal: AbortSignal): Changes {
  let isChanged = false;
  let wake: AbortController | undefined;
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const hint = () => {
    isChanged = true;
    wake?.abort();
  };
  const watcher = watchDirectory(context.config.homeDir, hint);
  void followHome(context, { hint, signal: until });
  return {
    async next({ timeoutMs, isHeard }) {
      wake = new AbortController();
      if (!(isHeard && isChanged))
        await sleepUntilAborted(timeoutMs, { signal: isHeard ? AbortSignal.any([until, wake.signal]) : until });
      isChanged = false;
    },
    [Symbol.dispose]() {
      over.abort();
      watcher?.close();
    },
  };
}

/** Undefined where it cannot be watched: then the poll finds what changed. */
function watchDirectory(homeDir: string, hint: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(homeDir, { recursive: true, persistent: false }, (_event, name) => {
      if (name === null || !name.startsWith(".")) hint();
    });
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

async function followHome(
  context: WatchChanges,
  { hint, signal }: { hint: () => void; signal: AbortSignal },
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      const { client } = await context.connect({ isQuiet: true });
      for await (const _changed of client.watchFiles({}, { signal })) {
        failures = 0;
        hint();
      }
    } catch {
      // A pass says why the home is away.
    }
    await sleepUntilAborted(backoffMs(failures + 1, reconnect), { signal });
  }
}
