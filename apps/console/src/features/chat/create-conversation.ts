/**
 * One conversation while its screen is open: a page of messages, then what the browser's one stream tells of it, with the text that a model is writing.
 * What was said is read again when an event says that there is more, and after each new connection, so that nothing is missing.
 */
import type { Event, HomeUpdate, MessageRecord, SessionRecord } from "@roost/contract/operations";
import type { ConsoleClient } from "../../api/create-connect.ts";
import type { Live } from "../../live/create-live.ts";
import { createListeners } from "../../live/create-listeners.ts";

export interface ConversationView {
  isRead: boolean;
  /** Undefined: nothing was said yet. */
  session: SessionRecord | undefined;
  messages: readonly MessageRecord[];
  /** What is being written, by run. */
  writing: ReadonlyMap<string, string>;
  /** News for the waiting person: a silent model, a retry. */
  remark: string | undefined;
  /** The run that answers, and the step it is at. */
  active: { runId: string; step: string | undefined } | undefined;
  /** Why the last run ended badly. */
  failure: { runId: string; text: string } | undefined;
  older: string | null;
  error: Error | undefined;
}

export interface Conversation {
  view: () => ConversationView;
  subscribe: (listener: () => void) => () => void;
  open(signal: AbortSignal): void;
  readOlder(): Promise<void>;
  reload(): Promise<void>;
}

export interface ConversationOptions {
  client: Pick<ConsoleClient, "getSession">;
  live: Pick<Live, "onEvent" | "onFresh" | "onText" | "watch">;
  sessionKey: string;
  /** Calls its argument with the next frame. */
  schedule: (tell: () => void) => void;
}

const pageSize = 60;
export const unread: ConversationView = {
  isRead: false,
  session: undefined,
  messages: [],
  writing: new Map(),
  remark: undefined,
  active: undefined,
  failure: undefined,
  older: null,
  error: undefined,
};

export function createConversation({ client, live, sessionKey, schedule }: ConversationOptions): Conversation {
  const listeners = createListeners<[]>();
  let isTold = true;
  let view = unread;
  const set = (changes: Partial<ConversationView>) => {
    view = { ...view, ...changes };
    if (!isTold) return;
    isTold = false;
    schedule(() => {
      isTold = true;
      listeners.tell();
    });
  };
  const runs = new Set<string>();
  const ended = new Set<string>();
  /** How much of what is being written stands in a message that is still to be read, by run. */
  let saidChars = new Map<string, number>();
  let isReading = false;
  let isDue = false;
  const reload = async (): Promise<void> => {
    isDue = isReading;
    if (isReading) return;
    isReading = true;
    const chars = saidChars;
    saidChars = new Map();
    const read = await readNewest(client, sessionKey, () => view);
    if (read.error !== undefined) saidChars = new Map([...chars, ...saidChars]);
    set(read.error === undefined ? { ...read, writing: withoutSaid(view.writing, chars) } : read);
    if (view.active !== undefined) runs.add(view.active.runId);
    isReading = false;
    if (isDue) await reload();
  };
  const hear = (event: Event) => {
    const { type, subject, data } = event;
    const runId = typeof data["runId"] === "string" ? data["runId"] : type.startsWith("run.") ? subject : null;
    const isOfSession = subject === sessionKey || data["sessionKey"] === sessionKey;
    if (isOfSession && runId !== null) runs.add(runId);
    if (!isOfSession && (runId === null || !runs.has(runId))) return;
    if (endings.has(type) && runId !== null) ended.add(runId);
    // It goes when what it became is on the screen.
    if ((type === "message.sent" || endings.has(type)) && runId !== null)
      saidChars.set(runId, view.writing.get(runId)?.length ?? 0);
    set(foldUpdate(view, { kind: "event", event }));
    // Calls of tools and their results have no event of their own.
    if (event.topic === "sessions" || type === "step.done" || endings.has(type)) void reload();
  };
  return {
    view: () => view,
    subscribe: listeners.add,
    reload,
    open(signal) {
      const stops = [
        live.watch(sessionKey),
        live.onEvent(hear),
        live.onText((text) => {
          if (text.sessionKey === sessionKey && !ended.has(text.runId)) set(foldUpdate(view, text));
        }),
        live.onFresh(() => void reload()),
      ];
      signal.addEventListener("abort", () => stops.forEach((stop) => stop()), { once: true });
      void reload();
    },
    async readOlder() {
      if (view.older === null) return;
      const { messages } = await client.getSession({ sessionKey, limit: pageSize, after: view.older });
      const known = new Set(view.messages.map(({ id }) => id));
      const added = messages.items.filter(({ id }) => !known.has(id));
      set({ messages: [...added, ...view.messages], older: messages.next });
    },
  };
}

async function readNewest(
  client: ConversationOptions["client"],
  sessionKey: string,
  present: () => ConversationView,
): Promise<Partial<ConversationView>> {
  try {
    const { session, messages } = await client.getSession({ sessionKey, limit: pageSize });
    const view = present();
    const known = new Set(messages.items.map(({ id }) => id));
    const first = messages.items[0]?.seq ?? 0;
    const kept = view.messages.filter(({ id, seq }) => !known.has(id) && seq < first);
    const active = session.activeRunId === null ? undefined : { runId: session.activeRunId, step: view.active?.step };
    const older = kept.length > 0 ? view.older : messages.next;
    return { isRead: true, session, messages: [...kept, ...messages.items], older, active, error: undefined };
  } catch (error) {
    const isNew = (error as { code?: string }).code === "not_found";
    return { isRead: true, error: isNew ? undefined : (error as Error) };
  }
}

/** Of these an event says how the run ended. */
const endings = new Set(["run.done", "run.failed", "run.cancelled", "run.diverged", "run.outdated"]);

/** What one item of the stream changes. Pure. */
export function foldUpdate(view: ConversationView, update: HomeUpdate): Partial<ConversationView> {
  switch (update.kind) {
    case "text": {
      const text = (view.writing.get(update.runId) ?? "") + update.text;
      const active = view.active ?? { runId: update.runId, step: undefined };
      return { writing: new Map(view.writing).set(update.runId, text), remark: undefined, active };
    }
    case "remark":
      return { remark: update.text };
    case "output":
      return {};
    case "event":
      return foldEvent(view, update.event);
  }
}

function foldEvent(view: ConversationView, { type, subject, data }: Event): Partial<ConversationView> {
  if (type === "message.received") return { failure: undefined };
  const runId = typeof data["runId"] === "string" ? data["runId"] : subject;
  if (runId === null) return {};
  if (endings.has(type)) {
    const { message } = (data["error"] ?? {}) as { message?: unknown };
    const text = typeof message === "string" ? message : "it failed";
    const failure = type === "run.failed" ? { runId, text } : undefined;
    const active = view.active?.runId === runId ? undefined : view.active;
    return { active, failure, remark: undefined };
  }
  if (type === "run.created" || type === "run.started")
    return view.active === undefined ? { active: { runId, step: undefined }, failure: undefined } : {};
  const { name } = data;
  // What was remarked is over: it goes on.
  if (type === "step.started" && typeof name === "string") return { active: { runId, step: name }, remark: undefined };
  // A new attempt begins its text anew.
  if (type === "step.failed") return { writing: without(view.writing, runId) };
  return {};
}

function without(writing: ReadonlyMap<string, string>, runId: string): ReadonlyMap<string, string> {
  if (!writing.has(runId)) return writing;
  const rest = new Map(writing);
  rest.delete(runId);
  return rest;
}

/** What stands as a message now is written no more. */
function withoutSaid(
  writing: ReadonlyMap<string, string>,
  chars: ReadonlyMap<string, number>,
): ReadonlyMap<string, string> {
  let rest = writing;
  for (const [runId, count] of chars) {
    const left = (rest.get(runId) ?? "").slice(count);
    rest = left === "" ? without(rest, runId) : new Map(rest).set(runId, left);
  }
  return rest;
}
