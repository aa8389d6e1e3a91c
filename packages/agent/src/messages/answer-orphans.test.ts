import assert from "node:assert/strict";
import { test } from "node:test";
import { answerOrphans, orphanText } from "./answer-orphans.ts";
import type { Message } from "./message.ts";

const call = (toolCallId: string) => ({ toolCallId, toolName: "t", argumentsText: "{}" });
const asks = (...ids: string[]): Message => ({
  role: "assistant",
  text: "",
  toolCalls: ids.map(call),
  provider: "p",
  model: "m",
});
const answers = (toolCallId: string, text = `answer ${toolCallId}`): Message => ({
  role: "tool",
  toolCallId,
  toolName: "t",
  text,
});
const user: Message = { role: "user", text: "next" };
const texts = (messages: Message[]) =>
  answerOrphans(messages).map((message) =>
    message.role === "tool" ? `${message.toolCallId}: ${message.text}` : message.role,
  );

test("answerOrphans() leaves a complete transcript as it is", () => {
  const messages = [user, asks("1", "2"), answers("1"), answers("2"), user];
  assert.deepEqual(answerOrphans(messages), messages);
});

test("answerOrphans() answers what was not answered", () => {
  assert.deepEqual(texts([asks("1", "2"), answers("2")]), ["assistant", `1: ${orphanText}`, "2: answer 2"]);
  assert.deepEqual(texts([asks("1"), user]), ["assistant", `1: ${orphanText}`, "user"]);
});

test("answerOrphans() brings a late answer to its call, and drops a second one and an answer to nothing", () => {
  assert.deepEqual(texts([asks("1"), user, answers("1"), answers("1", "again"), answers("9")]), [
    "assistant",
    "1: answer 1",
    "user",
  ]);
});

test("answerOrphans() keeps the answers of equal ids apart", () => {
  assert.deepEqual(texts([asks("1"), answers("1", "first"), asks("1"), answers("1", "second")]), [
    "assistant",
    "1: first",
    "assistant",
    "1: second",
  ]);
});
