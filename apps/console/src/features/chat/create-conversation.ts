/**
 * One conversation while its screen is open: a page of messages, then what comes live, with the text that a model is writing. After each new connection
 * the newest page is read again, so that nothing said meanwhile is missing.
 */
import type { MessageRecord, SessionRecord, SessionUpdate } from "@roost/contract/operations";
import type { ConsoleClient } from "../../api/create-connect.ts";
import { createListeners } from "../../live/create-listeners.ts";
import { leadStream, type PauseFor } from "../../live/lead-stream.ts";

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
  client: Pick<ConsoleClient, "getSession" | "watchSession">;
  sessionKey: string;
  pause: PauseFor;
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

export function createConversation({ client, sessionKey, pause, schedule }: ConversationOptions): Conversation {
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
  let isReading = false;
  let isDue = false;
  const reload = async (): Promise<void> => {
    isDue = isReading;
    if (isReading) return;
    isReading = true;
    set(await readNewest(client, sessionKey, () => view));
    isReading = false;
    if (isDue) await reload();
  };
  return {
    view: () => view,
    subscribe: listeners.add,
    reload,
    open(signal) {
      const place = { id: undefined as string | undefined };
      void leadStream<SessionUpdate>({
        open: ({ after, ...given }) =>
          client.watchSession(after === undefined ? { sessionKey } : { sessionKey, after }, given),
        pause,
        signal,
        position: () => place.id,
        begin: () => new AbortController(),
        onPlace: (id) => (place.id ??= id),
        onItem(id, update) {
          place.id = id ?? place.id;
          set(foldUpdate(view, update));
          // Calls of tools and their results have no event of their own.
          if (update.kind === "over" || (update.kind === "event" && update.event.type === "step.done")) void reload();
        },
        onState(link) {
          if (link === "live") void reload();
        },
        onRefused: () => (place.id = undefined),
      });
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

/** What one item of the stream changes. Pure. */
export function foldUpdate(view: ConversationView, update: SessionUpdate): Partial<ConversationView> {
  switch (update.kind) {
    case "message": {
      const { message } = update;
      const isKnown = view.messages.some(({ id }) => id === message.id);
      const messages = isKnown
        ? view.messages.map((one) => (one.id === message.id ? message : one))
        : [...view.messages, message];
      // What was being written now stands as a message.
      const isWritten = message.role === "assistant" && message.runId !== null;
      const writing = isWritten ? without(view.writing, message.runId ?? "") : view.writing;
      return { messages, writing, failure: message.role === "user" ? undefined : view.failure };
    }
    case "text": {
      const text = (view.writing.get(update.runId) ?? "") + update.text;
      const active = view.active ?? { runId: update.runId, step: undefined };
      return { writing: new Map(view.writing).set(update.runId, text), remark: undefined, active };
    }
    case "remark":
      return { remark: update.text };
    case "event":
      return foldEvent(view, update.event);
    case "over": {
      const { id, state, error } = update.run;
      const failure = state === "failed" ? { runId: id, text: error?.message ?? "it failed" } : undefined;
      const active = view.active?.runId === id ? undefined : view.active;
      return { active, failure, remark: undefined, writing: without(view.writing, id) };
    }
  }
}

function foldEvent(
  view: ConversationView,
  event: Extract<SessionUpdate, { kind: "event" }>["event"],
): Partial<ConversationView> {
  const runId = event.data["runId"];
  if (typeof runId !== "string") return {};
  if (event.type === "run.created" || event.type === "run.started")
    return view.active === undefined ? { active: { runId, step: undefined }, failure: undefined } : {};
  const { name } = event.data;
  if (event.type === "step.started" && typeof name === "string") return { active: { runId, step: name } };
  // A new attempt begins its text anew.
  if (event.type === "step.failed") return { writing: without(view.writing, runId) };
  return {};
}

function without(writing: ReadonlyMap<string, string>, runId: string): ReadonlyMap<string, string> {
  if (!writing.has(runId)) return writing;
  const rest = new Map(writing);
  rest.delete(runId);
  return rest;
}
