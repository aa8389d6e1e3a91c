/**
 * Hints that something changed: "look again". They may be lost or come twice, so whoever waits also looks by itself from
 * time to time; nothing may depend on one. They cross processes by LISTEN/NOTIFY, off the write path.
 */
export interface Wakeups {
  /** Wakes whoever waits for the channel, in this process at once, elsewhere within about 10 ms. */
  wake(channel: string): void;
  /** Calls `onWake` for each wake-up until disposed. */
  subscribe(channel: string, onWake: () => void): Disposable;
  /** Remembers a wake-up that comes while nobody waits: create it, look, then wait. */
  watch(channels: string | readonly string[]): WakeupWatch;
  /** Waits for one wake-up from now on. One that came before is missed: a loop uses `watch`. */
  wait(channel: string, options: WaitOptions): Promise<WakeupOutcome>;
}

export interface WakeupWatch extends Disposable {
  /** Resolves at once if there was a wake-up since the last call (or the creation). */
  next(options: WaitOptions): Promise<WakeupOutcome>;
}

export interface WaitOptions {
  timeoutMs: number;
  /** Aborting resolves to "aborted"; it does not reject. */
  signal?: AbortSignal | undefined;
}

export type WakeupOutcome = "woken" | "timeout" | "aborted";
