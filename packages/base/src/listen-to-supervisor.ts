/**
 * How this process talks to its supervisor: it answers pings, reports when it is ready, and learns when to stop. Started alone, it has no channel
 * and listens to signals only.
 */
import { settleStart } from "./settle-start.ts";

export interface Supervised {
  /** Aborted by SIGTERM, SIGINT, or when the supervisor has gone. */
  stop: AbortSignal;
  ready(facts: {
    url?: string | undefined;
    /** Signs one browser in. */
    signInCode?: string | undefined;
    model?: string | null;
    notices?: string[] | undefined;
    hasServices?: boolean | undefined;
  }): void;
  /** Of a gateway: which services are to run has changed. `has`: there are some. */
  tellServices(has: boolean): void;
  /** Asks for a process that replaces this one, which goes on until that is ready. False: there is no supervisor. */
  askForAnother(): boolean;
  /** Where its database is, once that is up; undefined when it is to stop first. A process is started to load while its database starts. */
  askForDatabase(): Promise<string | undefined>;
  /** Asks for every process of this machine to be started anew; undefined without a supervisor. */
  askForRestart: (() => void) | undefined;
  /** The supervisor passes on that there may be something to do. */
  onHint(listener: () => void): void;
}

export function listenToSupervisor(): Supervised {
  const stop = new AbortController();
  const hints = new Set<() => void>();
  const database = Promise.withResolvers<string | undefined>();
  stop.signal.addEventListener("abort", () => database.resolve(undefined), { once: true });
  const end = (reason: string) => () => stop.abort(new Error(reason));
  process.on("message", (message) => {
    const { type, url } = (message ?? {}) as { type?: unknown; url?: unknown };
    if (type === "ping") process.send?.({ type: "pong" });
    if (type === "hint") for (const listener of hints) listener();
    if (type === "database" && typeof url === "string") database.resolve(url);
  });
  process.on("disconnect", end("the supervisor is gone"));
  // It may have gone while this process was still loading.
  if (process.send !== undefined && !process.connected) end("the supervisor is gone")();
  process.on("SIGTERM", end("SIGTERM"));
  process.on("SIGINT", end("SIGINT"));
  const send = (message: object) => process.send !== undefined && process.connected && process.send(message);
  return {
    stop: stop.signal,
    ready(facts) {
      send({ type: "ready", ...facts });
      settleStart();
    },
    tellServices: (has) => void send({ type: "services", has }),
    askForAnother: () => process.send !== undefined && (send({ type: "replace" }), true),
    askForDatabase() {
      send({ type: "database" });
      return database.promise;
    },
    askForRestart: process.send === undefined ? undefined : () => void send({ type: "restart" }),
    onHint: (listener) => void hints.add(listener),
  };
}
