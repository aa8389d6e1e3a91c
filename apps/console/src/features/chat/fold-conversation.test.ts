import assert from "node:assert/strict";
import { test } from "node:test";
import type { MessageRecord } from "@roost/contract/operations";
import { foldConversation, tellInput } from "./fold-conversation.ts";

const message = (seq: number, role: MessageRecord["role"], given: Partial<MessageRecord> = {}): MessageRecord => ({
  id: `m${seq}`,
  sessionKey: "main",
  seq,
  role,
  text: "",
  parts: [],
  content: null,
  runId: "r",
  source: null,
  isRehearsed: false,
  isTakenBack: false,
  createdAt: "2026-11-29T12:00:00Z",
  ...given,
});

const call = (toolCallId: string, argumentsText: string) => ({ toolName: "read_file", toolCallId, argumentsText });

test("foldConversation() puts each result into the call that it answers, in whatever order they come", () => {
  const said = foldConversation([
    message(1, "user", { text: "look", source: "console" }),
    message(2, "assistant", { content: { toolCalls: [call("a", '{"path":"A.md"}'), call("b", "{torn")] } }),
    message(3, "tool", { text: "b is here", content: { toolCallId: "b" } }),
    message(4, "tool", { text: "there is no tool called read_file", content: { toolCallId: "a" } }),
    message(5, "assistant", { text: "done" }),
  ]);
  assert.deepEqual(
    said.map(({ kind }) => kind),
    ["person", "agent", "agent"],
  );
  const [, agent] = said;
  assert.ok(agent?.kind === "agent");
  assert.deepEqual(
    agent.tools.map(({ input, output, isFailed }) => [input, output, isFailed]),
    [
      [{ path: "A.md" }, "there is no tool called read_file", true],
      ["{torn", "b is here", false],
    ],
  );
  assert.equal(tellInput(agent.tools[0]?.input), "A.md");
});

test("foldConversation() keeps digests, jobs and what was taken back apart from what people say", () => {
  const said = foldConversation([
    message(1, "system", { text: "[Roost] What happened", source: "roost" }),
    message(2, "user", { text: "[job:review]", source: "job:review" }),
    message(3, "user", { text: "wrong", source: "console", isTakenBack: true }),
    message(4, "assistant", { text: "so", isTakenBack: true }),
    message(5, "tool", { text: "a result without its call", content: { toolCallId: "x" } }),
  ]);
  assert.deepEqual(
    said.map((entry) => (entry.kind === "taken-back" ? entry.messages.length : entry.kind)),
    ["note", "job", 2],
  );
});
