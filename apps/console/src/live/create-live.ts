/**
 * The one event stream of a browser. Of all open tabs one holds it, chosen by a lock, and passes every event on to the others; when that tab closes
 * or falls silent another goes on from the last position. After each new connection, and after a sleep, listeners are told to read afresh what they
 * show. Touches neither the page nor the network itself: both are arguments.
 */
import type { Event, HomeUpdate } from "@roost/contract/operations";
import { leadStream, reopens, type LinkState, type PauseFor, type StreamStart } from "./lead-stream.ts";
import { createListeners, type Listeners } from "./create-listeners.ts";

export type WrittenText = Extract<HomeUpdate, { sessionKey: string }>;
/** The next part of what a program prints. */
export type PrintedText = Extract<HomeUpdate, { kind: "output" }>;

/** What screens show of which more than events comes. */
interface Shown {
  sessions: string[];
  runs: string[];
}

/** Opens the stream; throws when it is lost. Of sessions the texts come, too, of runs what their programs print. */
export type OpenHome = (given: StreamStart & Shown) => AsyncIterable<{ id?: string | undefined; data: HomeUpdate }>;

export interface LiveOptions {
  open: OpenHome;
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
  /** What models write in the sessions that are watched. */
  onText(listener: (text: WrittenText) => void): () => void;
  /** What programs print in the runs that are watched. */
  onPrinted(listener: (text: PrintedText) => void): () => void;
  /** Has the texts of a session come, to this tab and through it to the others, until the returned function is called. */
  watch(sessionKey: string): () => void;
  /** The same with what the programs of a run print. */
  watchRun(runId: string): () => void;
  /** Called when events may have been missed. */
  onFresh(listener: () => void): () => void;
  /** The page is seen again after `awayMs`, or the network is back. */
  wake(awayMs: number): void;
}

type Message =
  | { kind: "event"; id: string | undefined; event: Event }
  | { kind: "text"; text: WrittenText | PrintedText }
  | { kind: "state"; state: LinkState; id: string | undefined }
  | { kind: "hello" }
  /** What a tab shows. */
  | ({ kind: "watch" } & Shown)
  /** A tab that begins to lead asks what the others show. */
  | { kind: "who" };

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
  onText: Listeners<[WrittenText]>;
  onPrinted: Listeners<[PrintedText]>;
  /** Keys of what this tab shows, by how many parts of it. */
  own: Map<string, number>;
  /** While it leads: those of all tabs, the newest last. One that is shown no more stays until another tab leads. */
  shown: Set<string>;
}

/** Sessions, and runs: the gateway takes as many of each. The oldest of a kind give way. */
export const shownMax = 20;
const keyOf = { session: (name: string) => `session:${name}`, run: (id: string) => `run:${id}` };
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
    onText: createListeners(),
    onPrinted: createListeners(),
    own: new Map(),
    shown: new Set(),
  };
  const post = (message: Message) => options.channel.postMessage(message);
  let page: AbortSignal | undefined;
  const askLeader = async (signal: AbortSignal) => {
    const before = tab.heardCount;
    post({ kind: "hello" });
    await options.pause(answerMsMax, signal);
    if (!signal.aborted && !tab.isLeading && tab.heardCount === before) takeTurn(tab, options, signal, { steal: true });
  };
  const watch = (key: string) => {
    tab.own.set(key, (tab.own.get(key) ?? 0) + 1);
    if (tab.isLeading) addShown(tab, [key]);
    else post({ kind: "watch", ...shownOf([key]) });
    return () => {
      const left = (tab.own.get(key) ?? 1) - 1;
      if (left === 0) tab.own.delete(key);
      else tab.own.set(key, left);
    };
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
    onText: tab.onText.add,
    onPrinted: tab.onPrinted.add,
    watch: (sessionKey) => watch(keyOf.session(sessionKey)),
    watchRun: (runId) => watch(keyOf.run(runId)),
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
    tab.shown = newestOf([...tab.own.keys()]);
    post({ kind: "who" });
    await leadStream<HomeUpdate>({
      pause: options.pause,
      open: (given) => options.open({ ...given, ...shownOf(tab.shown) }),
      signal,
      position: () => tab.position,
      begin: () => (tab.connection = new AbortController()),
      onPlace: (id) => (tab.position ??= id),
      onItem(id, update) {
        if (update.kind === "event") {
          deliver(tab, id, update.event);
          post({ kind: "event", id, event: update.event });
          return;
        }
        tellText(tab, update);
        post({ kind: "text", text: update });
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
  if (message.kind === "who") {
    if (tab.own.size > 0) post({ kind: "watch", ...shownOf(tab.own.keys()) });
    return;
  }
  if (message.kind === "watch") {
    if (tab.isLeading) addShown(tab, [...message.sessions.map(keyOf.session), ...message.runs.map(keyOf.run)]);
    return;
  }
  if (tab.isLeading) return;
  if (message.kind === "text") {
    tab.heardCount += 1;
    tellText(tab, message.text);
    return;
  }
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

/** Of the leading tab: with one that is new the stream is opened anew, from where it is. */
function addShown(tab: Tab, keys: readonly string[]): void {
  const isNew = keys.some((key) => !tab.shown.has(key));
  // Those that were there become the newest, too: a screen that shows most of them again loses none.
  tab.shown = newestOf([...[...tab.shown].filter((key) => !keys.includes(key)), ...keys]);
  if (isNew) tab.connection.abort(reopens);
}

/** As many of each kind as the gateway takes. */
function newestOf(keys: readonly string[]): Set<string> {
  const ofKind = (key: (name: string) => string) => keys.filter((each) => each.startsWith(key(""))).slice(-shownMax);
  return new Set([...ofKind(keyOf.session), ...ofKind(keyOf.run)]);
}

function shownOf(keys: Iterable<string>): Shown {
  const all = [...keys];
  const namesOf = (key: (name: string) => string) =>
    all.filter((each) => each.startsWith(key(""))).map((each) => each.slice(key("").length));
  return { sessions: namesOf(keyOf.session), runs: namesOf(keyOf.run) };
}

function tellText(tab: Tab, text: WrittenText | PrintedText): void {
  if (text.kind === "output") tab.onPrinted.tell(text);
  else tab.onText.tell(text);
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
