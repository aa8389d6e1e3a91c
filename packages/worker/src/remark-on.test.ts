import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentOutcome } from "@roost/agent";
import { remarkOn } from "./remark-on.ts";

const replied = (fields: object) =>
  ({ kind: "replied", text: "hi", finishReason: "stop", outputTokensMax: 800, ...fields }) as Extract<
    AgentOutcome,
    { kind: "replied" }
  >;

const rows: [title: string, fields: object, says: RegExp | undefined][] = [
  ["a whole answer", {}, undefined],
  ["a cut answer", { finishReason: "length" }, /cut off at 800 tokens.*outputTokensMax/],
  ["a cut before the limit", { finishReason: "length", cutAt: 70 }, /cut off at 70 tokens, before its limit of 800/],
  ["an answer in circles", { finishReason: "repetition" }, /repeated itself/],
  ["an answer spent on thinking", { finishReason: "length", text: "" }, /gave no answer: it used its 800 tokens/],
  ["a withheld answer", { finishReason: "content_filter", text: "" }, /withheld by the provider/],
  ["an answer cut by a filter", { finishReason: "content_filter" }, /cut off by the provider/],
  ["an empty answer", { text: " \n" }, /gave no answer/],
  ["a call that could not be read", { hasUnreadCall: true }, /as text that could not be read, so nothing was done/],
  ["an answer in JSON", { text: '{"name": "Ann", "arguments": {}}' }, undefined],
  ["an answer about calls", { text: "Qwen begins with <tool_call>, Mistral with [TOOL_CALLS]" }, undefined],
  ["a model without tools", { mends: ["asked without tools"] }, /takes no tools/],
  ["a part that the model does not take", { leftOut: ["The image a.jpg was attached, but"] }, /The image a\.jpg/],
  [
    "a part that could not be read",
    { mends: ["asked without images: the server could not read it"] },
    /could not read/,
  ],
  ["another mend", { mends: ["asked without stream_options"] }, undefined],
];

for (const [title, fields, says] of rows) {
  test(`remarkOn() of ${title}: ${says?.source ?? "nothing"}`, () => {
    const remark = remarkOn(replied(fields));
    if (says === undefined) assert.equal(remark, undefined);
    else assert.match(remark ?? "", says);
  });
}
