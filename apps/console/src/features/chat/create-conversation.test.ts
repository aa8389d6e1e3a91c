import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event, HomeUpdate, MessageRecord } from "@roost/contract/operations";
import { createListeners } from "../../live/create-listeners.ts";
import type { WrittenText } from "../../live/create-live.ts";
import { createConversation, foldUpdate, unread, type ConversationView } from "./create-conversation.ts";

const empty: ConversationView = { ...unread, isRead: true };

const fold = (updates: HomeUpdate[]) =>
  updates.reduce<ConversationView>((view, update) => ({ ...view, ...foldUpdate(view, update) }), empty);
const text = (part: string): WrittenText => ({ kind: "text", sessionKey: "main", runId: "r", text: part });
const eventOf = (type: string, data: object = {}, subject = "main") =>
  ({
    type,
    topic: type.split(".")[0] === "message" ? "sessions" : "runs",
    subject,
    data: { runId: "r", ...data },
  }) as unknown as Event;
const event = (type: string, data: object = {}): HomeUpdate => ({ kind: "event", event: eventOf(type, data) });

test("foldUpdate() writes what comes, begins anew with a new attempt, and says why a run ended badly", () => {
  const writing = fold([event("run.started"), text("Good "), text("morning")]);
  assert.equal(writing.writing.get("r"), "Good morning");
  assert.deepEqual(writing.active, { runId: "r", step: undefined });
  const again = fold([text("half an ans"), event("step.failed"), text("whole")]);
  assert.equal(again.writing.get("r"), "whole");
  const failed = fold([text("x"), event("run.failed", { error: { message: "no money" } })]);
  assert.deepEqual([failed.failure?.text, failed.active], ["no money", undefined]);
  assert.equal(fold([event("run.failed"), event("message.received")]).failure, undefined);
});

const message = (seq: number, role = "user") => ({ id: `m${seq}`, seq, role }) as MessageRecord;

/** A conversation with main, and what it is told by hand. */
function openMain(first: readonly MessageRecord[], next: string | null = null) {
  const pages = new Map<string, { items: readonly MessageRecord[]; next: string | null }>([
    ["", { items: first, next }],
    ["older", { items: [message(1), message(2)], next: null }],
  ]);
  const [onEvent, onFresh, onText] = [
    createListeners<[Event]>(),
    createListeners<[]>(),
    createListeners<[WrittenText]>(),
  ];
  const watched = new Set<string>();
  const conversation = createConversation({
    client: {
      getSession: (async ({ after = "" }: { after?: string | undefined }) => ({
        session: { key: "main", activeRunId: null },
        messages: pages.get(after),
      })) as never,
    },
    live: {
      onEvent: onEvent.add,
      onFresh: onFresh.add,
      onText: onText.add,
      watch: (sessionKey) => {
        watched.add(sessionKey);
        return () => void watched.delete(sessionKey);
      },
    },
    sessionKey: "main",
    schedule: (tell) => tell(),
  });
  const page = new AbortController();
  conversation.open(page.signal);
  return { conversation, page, pages, onEvent, onFresh, onText, watched };
}

const settled = () => new Promise(setImmediate);

test("createConversation() reads the newest page again after a new connection, and keeps what was read of older ones", async () => {
  const { conversation, page, pages, onFresh, watched } = openMain([message(3), message(4)], "older");
  await settled();
  assert.deepEqual([...watched], ["main"]);
  await conversation.readOlder();
  pages.set("", { items: [message(4), message(5)], next: "older" });
  onFresh.tell();
  await settled();
  page.abort();
  assert.deepEqual(
    conversation.view().messages.map(({ seq }) => seq),
    [1, 2, 3, 4, 5],
  );
  assert.equal(watched.size, 0);
});

test("createConversation() keeps what is being written until it stands as a message, and hears of its session alone", async () => {
  const { conversation, pages, onEvent, onText } = openMain([message(3)]);
  await settled();
  onText.tell({ ...text("not this"), sessionKey: "other" });
  onEvent.tell(eventOf("run.started", { runId: "theirs", sessionKey: "other" }, "theirs"));
  assert.deepEqual([conversation.view().writing.size, conversation.view().active], [0, undefined]);
  onEvent.tell(eventOf("run.started", { sessionKey: "main" }, "r"));
  onText.tell(text("Good morning"));
  pages.set("", { items: [message(3), message(4, "assistant")], next: null });
  onEvent.tell(eventOf("message.sent", { messageId: "m4" }));
  assert.equal(conversation.view().writing.get("r"), "Good morning", "until it was read");
  onText.tell(text(", and more"));
  await settled();
  assert.deepEqual(
    [conversation.view().messages.length, conversation.view().writing.get("r")],
    [2, ", and more"],
    "what came meanwhile is of the next message",
  );
  onEvent.tell(eventOf("run.done", {}, "r"));
  await settled();
  onText.tell(text("too late"));
  assert.deepEqual([conversation.view().writing.size, conversation.view().active], [0, undefined]);
});
