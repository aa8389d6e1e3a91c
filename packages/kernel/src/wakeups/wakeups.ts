/**
 * Hints that something changed: "check again". They may be lost or come twice, so waiters also poll; nothing may depend on one. They cross
 * processes by LISTEN/NOTIFY, outside the write path.
 */
export interface Wakeups {
  /** Wakes waiters on the channel, in this process at once, elsewhere within about 10 ms; a patient one, for which no answer waits, within about 30. */
  wake(channel: string, options?: { isPatient?: boolean }): void;
  /** Calls `onWake` for each wake-up until disposed. */
  subscribe(channel: string, onWake: () => void): Disposable;
  /** Remembers a wake-up that comes while nothing waits: create it, check, then wait. */
  watch(channels: string | readonly string[]): WakeupWatch;
  /** Waits for one wake-up from now on. An earlier one is missed: a loop uses `watch`. */
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
