import type { JsonValue } from "@roost/base";

/** A delta of what a run shows while it works, such as `{ type: "text", text: "Hel" }`. */
export type StreamDelta = { type: string; [field: string]: JsonValue };

/**
 * What runs say as they say it, for whoever happens to watch. Lossy on purpose: the recorded step is the truth.
 */
export interface Streams {
  publish(runId: string, delta: StreamDelta): void;
  watch(runId: string, options?: WatchStreamOptions): AsyncGenerator<StreamDelta, void, undefined>;
}

export interface WatchStreamOptions {
  /** Ends the iteration; it does not throw. */
  signal?: AbortSignal | undefined;
}

/** Shows a delta to whoever watches the run: within this process at once, elsewhere within about 50 ms, or never. */
export function publishStream(kernel: { streams: Streams }, runId: string, delta: StreamDelta): void {
  kernel.streams.publish(runId, delta);
}

/** Deltas of a run from now on, neighbouring texts possibly joined; a slow watcher misses some. Ends only by its signal. */
export function watchStream(
  kernel: { streams: Streams },
  runId: string,
  options?: WatchStreamOptions,
): AsyncGenerator<StreamDelta, void, undefined> {
  return kernel.streams.watch(runId, options);
}
