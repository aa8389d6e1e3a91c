import assert from "node:assert/strict";
import { test } from "node:test";
import type { MessageRecord, RunSummary, SessionUpdate } from "@roost/contract/operations";
import { createConversation, foldUpdate, unread, type ConversationView } from "./create-conversation.ts";

const empty: ConversationView = { ...unread, isRead: true };

const fold = (updates: SessionUpdate[]) =>
  updates.reduce<ConversationView>((view, update) => ({ ...view, ...foldUpdate(view, update) }), empty);
const said = (id: string, role: string) =>
  ({ kind: "message", message: { id, role, runId: "r" } as MessageRecord }) as const;
const text = (part: string) => ({ kind: "text", runId: "r", text: part }) as const;
const event = (type: string, data: object = {}) =>
  ({ kind: "event", event: { type, data: { runId: "r", ...data } } }) as unknown as SessionUpdate;

test("foldUpdate() writes what comes, and lets the message take its place", () => {
  const writing = fold([said("u", "user"), event("run.started"), text("Good "), text("morning")]);
  assert.equal(writing.writing.get("r"), "Good morning");
  assert.deepEqual(writing.active, { runId: "r", step: undefined });
  const whole = fold([said("u", "user"), text("Good"), said("a", "assistant"), said("a", "assistant")]);
  assert.deepEqual([whole.writing.size, whole.messages.length], [0, 2]);
});

test("foldUpdate() begins a text anew with a new attempt, and says why a run ended badly", () => {
  const again = fold([text("half an ans"), event("step.failed"), text("whole")]);
  assert.equal(again.writing.get("r"), "whole");
  const over = {
    kind: "over",
    run: { id: "r", state: "failed", error: { message: "no money" } } as RunSummary,
  } as const;
  const failed = fold([text("x"), over]);
  assert.deepEqual([failed.failure?.text, failed.active, failed.writing.size], ["no money", undefined, 0]);
});

test("createConversation() reads the newest page again after a new connection, and keeps what was read of older ones", async () => {
  const message = (seq: number) => ({ id: `m${seq}`, seq, role: "user" }) as MessageRecord;
  const pages = new Map([
    ["", { items: [message(3), message(4)], next: "older" }],
    ["older", { items: [message(1), message(2)], next: null }],
  ]);
  const connections: ((error: Error) => void)[] = [];
  const opened = Promise.withResolvers<void>();
  const conversation = createConversation({
    client: {
      getSession: (async ({ after = "" }: { after?: string | undefined }) => ({
        session: { key: "main", activeRunId: null },
        messages: pages.get(after),
      })) as never,
      watchSession: async function* (_input: object, { onPlace }: { onPlace: (id: string) => void }) {
        onPlace("p");
        opened.resolve();
        await new Promise((_resolve, reject) => connections.push(reject));
        yield* [];
      } as never,
    },
    sessionKey: "main",
    pause: async () => undefined,
    schedule: (tell) => tell(),
  });
  const page = new AbortController();
  conversation.open(page.signal);
  await opened.promise;
  await new Promise(setImmediate);
  await conversation.readOlder();
  pages.set("", { items: [message(4), message(5)], next: "older" });
  connections[0]?.(new Error("lost"));
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  page.abort();
  assert.deepEqual(
    conversation.view().messages.map(({ seq }) => seq),
    [1, 2, 3, 4, 5],
  );
});
