/**
 * The one event stream of a browser. Of all open tabs one holds it, chosen by a lock, and passes every event on to the others; when that tab closes
 * or falls silent another goes on from the last position. After each new connection, and after a sleep, listeners are told to read afresh what they
 * show. Touches neither the page nor the network itself: both are arguments.
 */
import type { Event } from "@roost/contract/operations";
import { leadStream, type LinkState, type OpenStream, type PauseFor } from "./lead-stream.ts";
import { createListeners, type Listeners } from "./create-listeners.ts";

export interface LiveOptions {
  open: OpenStream<Event>;
  locks: { request: LockManager["request"] };
  channel: Pick<BroadcastChannel, "postMessage" | "addEventListener">;
  pause: PauseFor;
}

export interface Live {
  /** Until the signal is aborted. */
  start(signal: AbortSignal): void;
  state(): LinkState;
  onState(listener: () => void): () => void;
  onEvent(listener: (event: Event) => void): () => void;
  /** Called when events may have been missed. */
  onFresh(listener: () => void): () => void;
  /** The page is seen again after `awayMs`, or the network is back. */
  wake(awayMs: number): void;
}

type Message =
  | { kind: "event"; id: string | undefined; event: Event }
  | { kind: "state"; state: LinkState; id: string | undefined }
  | { kind: "hello" };

/** What one tab knows. */
interface Tab {
  state: LinkState;
  position: string | undefined;
  isLeading: boolean;
  /** Messages of the leading tab. */
  heardCount: number;
  /** Ends the present connection of the leading tab. */
  connection: AbortController;
  onState: Listeners<[]>;
  onFresh: Listeners<[]>;
  onEvent: Listeners<[Event]>;
}

const lockName = "roost.live";
/** A tab that holds the stream and does not answer within this time has been frozen: the lock is taken from it. */
const answerMsMax = 2_500;
/** A connection older than such an absence may be dead without knowing it. */
const awayMsMax = 20_000;

export function createLive(options: LiveOptions): Live {
  const tab: Tab = {
    state: "connecting",
    position: undefined,
    isLeading: false,
    heardCount: 0,
    connection: new AbortController(),
    onState: createListeners(),
    onFresh: createListeners(),
    onEvent: createListeners(),
  };
  const post = (message: Message) => options.channel.postMessage(message);
  let page: AbortSignal | undefined;
  const askLeader = async (signal: AbortSignal) => {
    const before = tab.heardCount;
    post({ kind: "hello" });
    await options.pause(answerMsMax, signal);
    if (!signal.aborted && !tab.isLeading && tab.heardCount === before) takeTurn(tab, options, signal, { steal: true });
  };
  return {
    start(signal) {
      page = signal;
      options.channel.addEventListener("message", (message) =>
        hear(tab, (message as MessageEvent<Message>).data, post),
      );
      takeTurn(tab, options, signal);
      void askLeader(signal);
    },
    state: () => tab.state,
    onState: tab.onState.add,
    onEvent: tab.onEvent.add,
    onFresh: tab.onFresh.add,
    wake(awayMs) {
      if (page === undefined) return;
      if (awayMs >= awayMsMax || tab.state === "lost") tab.connection.abort();
      if (awayMs >= awayMsMax) tab.onFresh.tell();
      if (!tab.isLeading) void askLeader(page);
    },
  };
}

/** Waits for the lock, then leads until the page ends or another tab takes it away; then waits again. */
function takeTurn(tab: Tab, options: LiveOptions, page: AbortSignal, mode: LockOptions = {}): void {
  const turn = new AbortController();
  const signal = AbortSignal.any([page, turn.signal]);
  const post = (message: Message) => options.channel.postMessage(message);
  const lead = async () => {
    if (signal.aborted) return;
    tab.isLeading = true;
    await leadStream({
      ...options,
      signal,
      position: () => tab.position,
      begin: () => (tab.connection = new AbortController()),
      onPlace: (id) => (tab.position ??= id),
      onItem(id, event: Event) {
        deliver(tab, id, event);
        post({ kind: "event", id, event });
      },
      onState(state) {
        setState(tab, state);
        post({ kind: "state", state, id: tab.position });
      },
      onRefused: () => (tab.position = undefined),
    });
  };
  options.locks.request(lockName, mode, lead).catch(() => {
    turn.abort();
    tab.isLeading = false;
    if (!page.aborted) takeTurn(tab, options, page);
  });
}

function hear(tab: Tab, message: Message, post: (message: Message) => void): void {
  if (message.kind === "hello") {
    if (tab.isLeading) post({ kind: "state", state: tab.state, id: tab.position });
    return;
  }
  if (tab.isLeading) return;
  if (message.kind === "event") {
    tab.heardCount += 1;
    deliver(tab, message.id, message.event);
    return;
  }
  const isMissing = tab.position !== undefined && message.id !== tab.position;
  tab.position = message.id;
  setState(tab, message.state);
  // Events were sent while this tab did not listen.
  if (isMissing) tab.onFresh.tell();
}

function deliver(tab: Tab, id: string | undefined, event: Event): void {
  tab.position = id ?? tab.position;
  tab.onEvent.tell(event);
}

function setState(tab: Tab, state: LinkState): void {
  tab.heardCount += 1;
  if (state === tab.state) return;
  tab.state = state;
  tab.onState.tell();
  if (state === "live") tab.onFresh.tell();
}
