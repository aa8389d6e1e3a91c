import assert from "node:assert/strict";
import { test } from "node:test";
import { readWrittenCalls } from "./read-written-calls.ts";

const json = '{"name": "look_up", "arguments": {"word": "roost"}}';
const call = { toolName: "look_up", argumentsText: '{"word":"roost"}' };

const written: [text: string, before: string, count: number][] = [
  [`<tool_call>\n${json}\n</tool_call>`, "", 1],
  [`I look.\n<tool_call>${json}</tool_call>\n<tool_call>${json}</tool_call>\n`, "I look.", 2],
  [`<tool_call>\n${json}`, "", 1],
  [`<tool_call>\n\`\`\`json\n${json}\n\`\`\`\n</tool_call>`, "", 1],
  [`<|tool_call|>${json}<|/tool_call|>`, "", 1],
  [`[TOOL_CALLS][${json}]`, "", 1],
  [`<|python_tag|>${json.replace("arguments", "parameters")}`, "", 1],
];
test("readWrittenCalls() reads calls in the forms of several model families", () => {
  for (const [text, before, count] of written)
    assert.deepEqual(
      readWrittenCalls(text, ["look_up"], { takesBare: false }),
      { text: before, calls: [call, call].slice(0, count) },
      text,
    );
});

test("readWrittenCalls() takes a reply of nothing but JSON for a call only where it is told to", () => {
  for (const text of [json, `\`\`\`json\n${json}\n\`\`\``, `{"type": "function", "function": ${json}}`, `[${json}]`]) {
    assert.deepEqual(readWrittenCalls(text, ["look_up"], { takesBare: true }), { text: "", calls: [call] }, text);
    assert.equal(readWrittenCalls(text, ["look_up"], { takesBare: false }), undefined, text);
  }
});

const others = [
  "There is nothing to look up.",
  `Write <tool_call>${json}</tool_call> to look a word up.`,
  `<tool_call>${json}</tool_call>\nis what the page says.`,
  `An example:\n\`\`\`\n<tool_call>${json}</tool_call>\n\`\`\``,
  '<tool_call>{"name": "unknown", "arguments": {}}</tool_call>',
  '<tool_call>{"name": "look_up"',
  '{"name": "look_up"}',
  '{"name": "Ann", "arguments": {}}',
];
test("readWrittenCalls() takes nothing else for a call: a quotation, an example, a tool that does not exist", () => {
  for (const text of others) assert.equal(readWrittenCalls(text, ["look_up"], { takesBare: true }), undefined, text);
});
