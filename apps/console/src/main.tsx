/** The composition root: the only file that touches the page's globals beyond its own component. */
import { assert, systemClock } from "@roost/base/browser";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { routes } from "virtual:routes";
import { createConnect, type ConsoleClient } from "./api/create-connect.ts";
import { App } from "./app/App.tsx";
import { createSession } from "./app/create-session.ts";
import { createReadingStore } from "./live/create-reading-store.ts";
import { createFeed } from "./live/create-feed.ts";
import { createLive } from "./live/create-live.ts";
import { createTicker } from "./live/create-ticker.ts";
import { openKeptReading } from "./live/kept-reading.ts";
import type { PauseFor } from "./live/lead-stream.ts";

const page = new AbortController();
const session = createSession({ fetch: (path, init) => fetch(path, init), location, history });
const connect = createConnect({ origin: location.origin, onSignedOut: session.lose });
const client = connect("/api/v1", routes) as ConsoleClient;
const nowMs = () => systemClock.nowMs();
const isSeen = () => document.visibilityState === "visible";

/** Ends early when the network comes back. */
const pause: PauseFor = (ms, signal) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const end = () => resolve();
  signal.addEventListener("abort", end, { once: true });
  addEventListener("online", end, { once: true });
  return promise.finally(() => {
    clearTimeout(timer);
    removeEventListener("online", end);
  });
};
/** It gives up at once: what reads it knows better when to try again. */
const reconnect = { attemptsMax: 1, idleMsMax: 40_000 };
const live = createLive({
  open: ({ after, sessions, runs, ...given }) =>
    client.watchHome(
      {
        ...(after !== undefined && { after }),
        ...(sessions.length > 0 && { sessions }),
        ...(runs.length > 0 && { runs }),
      },
      { ...given, reconnect },
    ),
  locks: navigator.locks,
  channel: new BroadcastChannel("roost.live"),
  pause,
});
const kept = openKeptReading(() => localStorage);
const feed = createFeed({
  client,
  live,
  nowMs,
  schedule: (tell) => void (isSeen() ? requestAnimationFrame(tell) : setTimeout(tell, 200)),
  setTimer: (call, ms) => void setTimeout(call, ms),
  kept: kept.read(),
  onRead: kept.keep,
});
const ticker = createTicker({
  clock: systemClock,
  every: (call) => void setInterval(call, 1_000),
  isSeen,
  onGap: (ms) => live.wake(ms),
});
const signOut = () => {
  kept.forget();
  void session.end();
};

const root = document.getElementById("root");
assert(root !== null, "the page has no #root");
await session.begin();
live.start(page.signal);
feed.read();
createRoot(root).render(
  <StrictMode>
    <App
      parts={{
        client,
        connect,
        services: new Map(),
        live,
        feed,
        readings: createReadingStore(),
        ticker,
        signOut,
      }}
      session={session}
    />
  </StrictMode>,
);

/** When the page was hidden last. */
const hidden = { atMs: 0 };
document.addEventListener("visibilitychange", () => {
  if (isSeen()) live.wake(nowMs() - hidden.atMs);
  else hidden.atMs = nowMs();
});
addEventListener("online", () => live.wake(0));
session.subscribe(() => {
  kept.forget();
  page.abort();
});

/** A page of the version before is loaded anew, as long as nothing can have been begun on it. */
const settledMs = 10_000;
if ("serviceWorker" in navigator) {
  const isOfEarlier = navigator.serviceWorker.controller !== null;
  const startedMs = nowMs();
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (isOfEarlier && nowMs() - startedMs < settledMs) location.reload();
  });
  const policy = window.trustedTypes?.createPolicy("roost", { createScriptURL: (url) => url });
  const url = policy?.createScriptURL("/sw.js") ?? "/sw.js";
  const register = () => void navigator.serviceWorker.register(url as string).catch(() => undefined);
  // Signing in may have taken longer than the page.
  if (document.readyState === "complete") register();
  else addEventListener("load", register);
}

interface PolicyRules {
  createScriptURL(url: string): string;
}

declare global {
  interface Window {
    trustedTypes?: { createPolicy(name: string, rules: PolicyRules): { createScriptURL(url: string): unknown } };
  }
}
