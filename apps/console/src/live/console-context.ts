/** What every component may use, handed down from main.tsx: the client, the live stream, the feed, and the answers kept between screens. */
import { assert } from "@roost/base/browser";
import { createContext, use, useCallback, useSyncExternalStore } from "react";
import type { Connect, ConsoleClient } from "../api/create-connect.ts";
import type { Feed, FeedValues } from "./create-feed.ts";
import type { Live } from "./create-live.ts";
import type { LinkState } from "./lead-stream.ts";
import type { ReadingStore } from "./create-reading-store.ts";
import type { Ticker } from "./create-ticker.ts";

export interface ConsoleParts {
  client: ConsoleClient;
  connect: Connect;
  /** Clients of services by name, made when a screen of theirs is first opened. */
  services: Map<string, unknown>;
  live: Live;
  feed: Feed;
  readings: ReadingStore;
  /** Every second, while the page is seen. */
  ticker: Ticker;
  signOut: () => void;
}

export const ConsoleContext = createContext<ConsoleParts | undefined>(undefined);

export function useConsole(): ConsoleParts {
  const parts = use(ConsoleContext);
  assert(parts !== undefined, "there is no ConsoleContext above this component");
  return parts;
}

export function useFeed<Name extends keyof FeedValues>(name: Name): FeedValues[Name] | undefined {
  const { cells } = useConsole().feed;
  const subscribe = useCallback((tell: () => void) => cells.subscribe(name, tell), [cells, name]);
  return useSyncExternalStore(subscribe, () => cells.get(name));
}

export function useLink(): LinkState {
  const { live } = useConsole();
  return useSyncExternalStore(live.onState, live.state);
}

/** The time in ms, moving every second. */
export function useNow(): number {
  const { ticker } = useConsole();
  return useSyncExternalStore(ticker.subscribe, ticker.nowMs);
}
