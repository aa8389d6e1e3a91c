import assert from "node:assert/strict";
import { test } from "node:test";
import { createThoughtSplitter } from "./create-thought-splitter.ts";

/** What a reader keeps of a reply that comes in pieces of one length. */
function read(reply: string, { size, holds = false }: { size: number; holds?: boolean }) {
  const splitter = createThoughtSplitter({ holds });
  let text = "";
  let thought = "";
  const take = (parts: ReturnType<typeof splitter.push>) => {
    for (const part of parts) {
      if (part.type === "text") text += part.text;
      else if (part.type === "reasoning") thought += part.text;
      else text = "";
    }
  };
  for (let at = 0; at < reply.length; at += size) take(splitter.push(reply.slice(at, at + size)));
  take(splitter.finish());
  return { text, thought: thought.trim() };
}

const rows: [what: string, reply: string, text: string, thought: string][] = [
  ["a leading block", "<think>Hm.\nYes.</think>\n\nHello", "Hello", "Hm.\nYes."],
  ["blanks before it", "\n <think>\n</think>\n\nHello", "Hello", ""],
  ["an end without a beginning", "Hm, the person\nsays hi.\n</think>\n\nHello", "Hello", "Hm, the person\nsays hi."],
  ["a block that is never closed", "<think>Hm, and so on", "", "Hm, and so on"],
  ["two blocks", "<think>a</think>One\n<think>b</think>two", "One\ntwo", "ab"],
  ["Magistral's marks", "[THINK]a[/THINK]Hello", "Hello", "a"],
  ["other spellings", "<Thinking>a</Thinking>Hello", "Hello", "a"],
  ["harmony", "<|channel|>analysis<|message|>a<|channel|>final<|message|>Hello", "Hello", "a"],
  [
    "harmony with all its marks",
    "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>Hello",
    "Hello",
    "a",
  ],
  ["harmony whose analysis only ends", "<|channel|>analysis<|message|>a<|end|>Hello", "Hello", "a"],
  [
    "harmony that thinks twice",
    "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>analysis<|message|>b<|start|>assistant<|channel|>final<|message|>Hello",
    "Hello",
    "ab",
  ],
  [
    "harmony with a call",
    '<|channel|>analysis<|message|>a<|channel|>commentary to=functions.look_up<|message|>{"word": "x"}',
    '<|channel|>commentary to=functions.look_up<|message|>{"word": "x"}',
    "a",
  ],
  ["harmony without its thinking", "<|channel|>final<|message|>Hello", "Hello", ""],
  ["harmony without its marks", "analysisThe person says hi.assistantfinalHello", "Hello", "The person says hi."],
  ["an analysis that was asked for", "analysis of the week: good", "analysis of the week: good", ""],
  ["an analysis of a model that was told to write one", "<analysis>a</analysis>\n\nHello", "Hello", "a"],
  ["an analysis that is the whole answer", "<analysis>a</analysis>\n", "<analysis>a</analysis>", "a"],
  ["a scratchpad", "<scratchpad>a</scratchpad>Hello", "Hello", "a"],
  ["a tag of that name in a text", "As XML:\n<analysis>a</analysis>", "As XML:\n<analysis>a</analysis>", ""],
  ["an answer in a tag, behind thinking", "<think>a</think>\n<answer>\nHello</answer>", "Hello", "a"],
  ["an answer in a tag, without thinking", "<answer>Hello</answer>", "<answer>Hello</answer>", ""],
  ["a text about the marks", "It writes <think>a</think> first.", "It writes <think>a</think> first.", ""],
  ["Granite's", "Here is my thought process: a\n\nHere is my response: Hello", "Hello", "a"],
  ["Apertus's", "<|inner_prefix|>a<|inner_suffix|>Hello", "Hello", "a"],
  ["an end of another spelling", "a</thought>Hello", "Hello", "a"],
  ["Cohere's", "<|START_THINKING|>a<|END_THINKING|>Hello", "Hello", "a"],
  ["Gemma's", "<|channel>thought\na<channel|>Hello", "Hello", "a"],
  ["MedGemma's", "<unused94>thought\na<unused95>Hello", "Hello", "a"],
  ["LongCat's", "<longcat_think>a</longcat_think>Hello", "Hello", "a"],
  ["a text without any", "2 < 3 and <thin> [th", "2 < 3 and <thin> [th", ""],
  [
    "a mark that is spoken of",
    "The `</think>` mark ends it; `<think>` begins it",
    "The `</think>` mark ends it; `<think>` begins it",
    "",
  ],
  ["a block of code", "```\n<think>\nx\n</think>\n```\nSo", "```\n<think>\nx\n</think>\n```\nSo", ""],
  ["an empty reply", "", "", ""],
];
for (const [what, reply, text, thought] of rows) {
  test(`createThoughtSplitter() reads ${what}, in pieces of any length`, () => {
    for (const size of [1, 2, 3, 7, 1000])
      assert.deepEqual(read(reply, { size }), { text, thought }, `pieces of ${size}`);
  });
}

test("createThoughtSplitter() shows nothing of a thought whose beginning the prompt holds", () => {
  const splitter = createThoughtSplitter({ holds: true });
  assert.deepEqual(splitter.push("Hm, the person says hi."), []);
  assert.deepEqual(splitter.push("</think>Hello"), [
    { type: "reasoning", text: "Hm, the person says hi." },
    { type: "text", text: "Hello" },
  ]);
  for (const size of [1, 5, 1000]) {
    assert.deepEqual(read("<think>a</think>Hello", { size, holds: true }), { text: "Hello", thought: "a" });
    assert.deepEqual(read("Hello", { size, holds: true }), { text: "Hello", thought: "" });
  }
});
