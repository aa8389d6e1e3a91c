import type { JsonValue } from "@roost/base";

/** A delta of what a run shows while it works, such as `{ type: "text", text: "Hel" }`. */
export type StreamDelta = { type: string; [field: string]: JsonValue };

/** Live output of runs for watchers. Lossy on purpose: the recorded step is the truth. */
export interface Streams {
  publish(runId: string, delta: StreamDelta): void;
  watch(runId: string, options?: WatchStreamOptions): AsyncGenerator<StreamDelta, void, undefined>;
}

export interface WatchStreamOptions {
  /** Ends the iteration without an error. */
  signal?: AbortSignal | undefined;
}

/** Sends a delta to watchers of the run: within this process at once, elsewhere within about 50 ms, or never. */
export function publishStream(kernel: { streams: Streams }, runId: string, delta: StreamDelta): void {
  kernel.streams.publish(runId, delta);
}

/** Deltas of a run from now on, consecutive texts possibly joined; a slow watcher misses some. Ends only by its signal. */
export function watchStream(
  kernel: { streams: Streams },
  runId: string,
  options?: WatchStreamOptions,
): AsyncGenerator<StreamDelta, void, undefined> {
  return kernel.streams.watch(runId, options);
}
