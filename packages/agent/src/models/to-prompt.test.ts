import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message } from "../messages/message.ts";
import { toPrompt } from "./to-prompt.ts";

const reader = { provider: "p", model: "m" };
const prompt = (messages: Message[]) => toPrompt({ sections: [], messages }, reader);
const assistant = (change: Partial<Extract<Message, { role: "assistant" }>> = {}): Message => ({
  role: "assistant",
  text: "Yes",
  provider: "p",
  model: "m",
  ...change,
});

test("toPrompt() joins the sections under their names and leaves empty ones out", () => {
  const [system] = toPrompt(
    {
      sections: [
        { name: "SOUL.md", text: "Be kind" },
        { name: "USER.md", text: "  " },
        { name: "Digest", text: "Nothing new" },
      ],
      messages: [],
    },
    reader,
  );
  assert.deepEqual(system, { role: "system", content: "# SOUL.md\n\nBe kind\n\n# Digest\n\nNothing new" });
});

test("toPrompt() joins user messages that follow each other", () => {
  const result = prompt([
    { role: "summary", text: "they met", messageCount: 4, method: "model" },
    { role: "user", text: "a" },
    { role: "user", text: "b" },
  ]);
  assert.equal(result.length, 1);
  assert.deepEqual(result[0]?.content, [{ type: "text", text: "[Summary of 4 earlier messages]\nthey met\n\na\n\nb" }]);
});

test("toPrompt() does not change the messages it was given", () => {
  const messages: Message[] = [
    { role: "user", text: "a" },
    { role: "user", text: "b" },
  ];
  prompt(messages);
  assert.deepEqual(messages, [
    { role: "user", text: "a" },
    { role: "user", text: "b" },
  ]);
});

test("toPrompt() begins with a user message", () => {
  assert.deepEqual(
    prompt([assistant(), { role: "user", text: "a" }]).map((message) => message.role),
    ["user", "assistant", "user"],
  );
});

test("toPrompt() answers calls without an answer, and wraps what is untrusted", () => {
  const result = prompt([
    { role: "user", text: "go" },
    assistant({
      toolCalls: [
        { toolCallId: "1", toolName: "fetch", argumentsText: "{}" },
        { toolCallId: "2", toolName: "fetch", argumentsText: "" },
      ],
    }),
    { role: "tool", toolCallId: "1", toolName: "fetch", text: "page", isUntrusted: true },
  ]);
  assert.deepEqual(
    result.map((message) => message.role),
    ["user", "assistant", "tool", "tool"],
  );
  const text = JSON.stringify(result[2]);
  assert.match(text, /UNTRUSTED_CONTENT [0-9a-f]{24} from tool fetch/);
  assert.match(JSON.stringify(result[3]), /error-text/);
});

test("toPrompt() gives reasoning and opaque metadata back only to their author, in later turns too", () => {
  const said = assistant({
    reasoning: [{ text: "hm" }],
    toolCalls: [{ toolCallId: "1", toolName: "t", argumentsText: "{}", providerMetadata: { p: { signature: "s" } } }],
  });
  const tool: Message = { role: "tool", toolCallId: "1", toolName: "t", text: "ok" };
  const current = JSON.stringify(prompt([{ role: "user", text: "a" }, said, tool]));
  assert.match(current, /"hm"/);
  assert.match(current, /signature/);
  const earlier = JSON.stringify(prompt([{ role: "user", text: "a" }, said, tool, { role: "user", text: "b" }]));
  assert.match(earlier, /"hm"/);
  const without = prompt([
    { role: "user", text: "a" },
    assistant({ reasoning: [{ text: "hm" }] }),
    { role: "user", text: "b" },
  ]);
  assert.doesNotMatch(JSON.stringify(without), /"hm"/);
  const other = JSON.stringify(
    toPrompt({ sections: [], messages: [{ role: "user", text: "a" }, said, tool] }, { provider: "other", model: "m" }),
  );
  assert.doesNotMatch(other, /"hm"|signature/);
});

test("toPrompt() shows arguments that are not an object inside one", () => {
  for (const [argumentsText, input] of [
    ["not json", { unreadable_arguments: "not json" }],
    ["[1]", { unreadable_arguments: "[1]" }],
    ["", {}],
    ['{"a":1}', { a: 1 }],
  ] as const) {
    const result = prompt([
      { role: "user", text: "a" },
      assistant({ text: "", toolCalls: [{ toolCallId: "1", toolName: "t", argumentsText }] }),
    ]);
    const [part] = (result[1]?.content ?? []) as { type: string; input: unknown }[];
    assert.deepEqual(part?.input, input);
  }
});

test("toPrompt() never makes an empty assistant message", () => {
  const result = prompt([{ role: "user", text: "a" }, assistant({ text: "" }), { role: "user", text: "b" }]);
  assert.deepEqual(result[1]?.content, [{ type: "text", text: "(no text)" }]);
});

test("toPrompt() gives thinking back in the field in which it came, and says that there was none", () => {
  const call = (id: string) => ({ toolCallId: id, toolName: "t", argumentsText: "{}" });
  const messages: Message[] = [
    { role: "user", text: "a" },
    assistant({ toolCalls: [call("1")] }),
    { role: "tool", toolCallId: "1", toolName: "t", text: "ok" },
    assistant({ reasoning: [{ text: "hm" }], reasoningField: "reasoning", toolCalls: [call("2")] }),
    { role: "tool", toolCallId: "2", toolName: "t", text: "ok" },
    { role: "user", text: "b" },
  ];
  const fields = (given: Message[]) =>
    toPrompt({ sections: [], messages: given }, { ...reader, takesFields: true })
      .filter(({ role }) => role === "assistant")
      .map(({ providerOptions }) => providerOptions?.["openaiCompatible"]);
  assert.deepEqual(fields(messages), [{ reasoning: "" }, { reasoning: "hm" }]);
  // What a model thought in its text stays there.
  const inText = messages.map((message): Message => ({ ...message, reasoningField: undefined }) as unknown as Message);
  assert.deepEqual(fields(inText), [undefined, undefined]);
});

test("toPrompt() sends names and ids of calls that every server takes", () => {
  const name = " functions.list_files:0";
  const result = prompt([
    { role: "user", text: "a" },
    assistant({ toolCalls: [{ toolCallId: "functions.list_files:0", toolName: name, argumentsText: "{}" }] }),
    { role: "tool", toolCallId: "functions.list_files:0", toolName: name, text: "ok" },
  ]);
  const parts = result.slice(1).flatMap(({ content }) => content as object[]) as {
    toolCallId?: string;
    toolName?: string;
  }[];
  const calls = parts.filter(({ toolCallId }) => toolCallId !== undefined);
  assert.equal(calls.length, 2);
  for (const { toolCallId, toolName } of calls) {
    assert.match(toolCallId ?? "", /^[a-zA-Z0-9]{9}$/);
    assert.match(toolName ?? "", /^[a-zA-Z0-9_-]{1,64}$/);
  }
  assert.equal(calls[0]?.toolCallId, calls[1]?.toolCallId);
});
