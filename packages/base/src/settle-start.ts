/** What a process does once it serves: it keeps what was compiled, and gives back the memory that only its start needed. */
import { flushCompileCache } from "node:module";
import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Writing what was compiled for the first time takes the processor for a while. */
const keepCompiledAfterMs = 500;
/** How often it is seen whether the process has little to do. */
const quietMs = 3_000;
/** Of that time. */
const quietShareMax = 0.1;

/**
 * Node writes what it compiled when a process ends by itself. One that is killed leaves nothing, and the next loads three times as long: so it is
 * written as soon as everything is loaded. Loading also leaves garbage that V8 keeps for as long as little is allocated: a third of a worker's heap.
 */
export function settleStart(): void {
  setTimeout(flushCompileCache, keepCompiledAfterMs).unref();
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const { utilization } = performance.eventLoopUtilization(before);
    before = performance.eventLoopUtilization();
    if (utilization > quietShareMax) return;
    clearInterval(timer);
    giveBackMemory();
  }, quietMs).unref();
}

/** Collects garbage and gives pages that are empty then back to the system: 60 to 80 ms for a worker. */
export function giveBackMemory(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as (options: object) => void;
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
}
