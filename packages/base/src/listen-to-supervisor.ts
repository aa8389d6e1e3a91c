/**
 * How this process talks to its supervisor: it answers pings, reports when it is ready, and learns when to stop. Started alone, it has no channel
 * and listens to signals only.
 */
export interface Supervised {
  /** Aborted by SIGTERM, SIGINT, or when the supervisor has gone. */
  stop: AbortSignal;
  ready(facts: {
    url?: string;
    /** Signs one browser in. */
    signInCode?: string;
    model?: string | null;
    notices?: string[];
    hasServices?: boolean;
  }): void;
}

export function listenToSupervisor(): Supervised {
  const stop = new AbortController();
  const end = (reason: string) => () => stop.abort(new Error(reason));
  process.on("message", (message) => {
    if ((message as { type?: unknown } | null)?.type === "ping") process.send?.({ type: "pong" });
  });
  process.on("disconnect", end("the supervisor is gone"));
  // It may have gone while this process was still loading.
  if (process.send !== undefined && !process.connected) end("the supervisor is gone")();
  process.on("SIGTERM", end("SIGTERM"));
  process.on("SIGINT", end("SIGINT"));
  return { stop: stop.signal, ready: (facts) => void process.send?.({ type: "ready", ...facts }) };
}
