/** Whether this browser is signed in. A code in the address signs it in and is taken out of the address at once. */
import { createListeners } from "../live/create-listeners.ts";

export type SessionState = "in" | "out";

export interface ConsoleSession {
  /** Redeems the code of the address, if there is one. Without one, the first answers tell. */
  begin(): Promise<void>;
  state: () => SessionState;
  subscribe: (listener: () => void) => () => void;
  /** The gateway did not know this browser. */
  lose: () => void;
  end(): Promise<void>;
}

export interface SessionOptions {
  fetch: (path: string, init: RequestInit) => Promise<Response>;
  location: Pick<Location, "hash" | "pathname" | "search">;
  history: Pick<History, "replaceState">;
}

const mark = "#sign-in=";

export function createSession({ fetch, location, history }: SessionOptions): ConsoleSession {
  let state: SessionState = "in";
  const listeners = createListeners<[]>();
  const set = (next: SessionState) => {
    if (next === state) return;
    state = next;
    listeners.tell();
  };
  return {
    async begin() {
      if (!location.hash.startsWith(mark)) return;
      const code = location.hash.slice(mark.length);
      history.replaceState(null, "", location.pathname + location.search);
      const sent = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ code }) };
      // A used link of a browser that is signed in is none of its business.
      await fetch("/session", sent).catch(() => undefined);
    },
    state: () => state,
    subscribe: listeners.add,
    lose: () => set("out"),
    async end() {
      const answer = await fetch("/session", { method: "DELETE" }).catch(() => undefined);
      // The cookie is still there: it is not said to be gone.
      if (answer?.ok === true) set("out");
    },
  };
}
