import assert from "node:assert/strict";
import { test } from "node:test";
import { assertEvenGrowth } from "@roost/base/testing/assert-even-growth";
import { hasUnreadCall, readWrittenCalls } from "./read-written-calls.ts";

const json = '{"name": "look_up", "arguments": {"word": "roost"}}';
const call = { toolName: "look_up", argumentsText: '{"word":"roost"}' };
const toolNames = ["look_up", "write_file"];

const written: [text: string, before?: string, count?: number][] = [
  // Hermes, Qwen
  [`<tool_call>\n${json}\n</tool_call>`],
  [`I look.\n<tool_call>${json}</tool_call>\n<tool_call>${json}</tool_call>\n`, "I look.", 2],
  [`I look.<tool_call>${json}</tool_call>`, "I look."],
  [`<tool_call>\n${json}`],
  [`<tool_call>\n\`\`\`json\n${json}\n\`\`\`\n</tool_call>`],
  [`<tool_call>\n{'name': 'look_up', 'arguments': {'word': 'roost',}}\n</tool_call>`],
  [`<tool_call>\n${json.slice(0, -1)}\n</tool_call>`],
  [`<tool_call>\n${json}}\n</tool_call>`],
  [`<tool_call>\n{"name": "look_up", "arguments": "{\\"word\\":\\"roost\\"}"}\n</tool_call>`],
  [`<tool_calls>\n[${json}, ${json}]\n</tool_calls>`, "", 2],
  // Qwen Coder, Seed, MiniMax, DeepSeek 3.2
  [`I look.\n\n<function=look_up>\n<parameter=word>\nroost\n</parameter>\n</function>\n</tool_call>`, "I look."],
  [`<tool_call>\n<function=look_up>\n<parameter=word>\nroost\n</parameter>\n</function>\n</tool_call>`],
  [`<function=look_up>{"word": "roost"}</function>`],
  [`<function=look_up>{"word": "roost"}</function>\n<function=look_up>{"word": "roost"}</function>`, "", 2],
  [`<seed:tool_call>\n<function=look_up>\n<parameter=word>roost</parameter>\n</function>\n</seed:tool_call>`],
  [
    `<minimax:tool_call>\n<invoke name="look_up">\n<parameter name="word">roost</parameter>\n</invoke>\n</minimax:tool_call>`,
  ],
  [`<function_calls>\n<invoke name="look_up">\n<parameter name="word">roost</parameter>\n</invoke>\n</function_calls>`],
  [
    `<｜DSML｜function_calls>\n<｜DSML｜invoke name="look_up">\n<｜DSML｜parameter name="word" string="true">roost</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>`,
  ],
  // Granite, Phi, LFM, Kimi, Llama, Cohere
  [`<|tool_call|>${json}<|/tool_call|>`],
  [`<|tool_call|>[${json}]`],
  [`<|tool_call_start|>[look_up(word="roost")]<|tool_call_end|>`],
  [
    `<|tool_calls_section_begin|><|tool_call_begin|>functions.look_up:0<|tool_call_argument_begin|>{"word": "roost"}<|tool_call_end|><|tool_calls_section_end|>`,
  ],
  [`<|python_tag|>${json.replace("arguments", "parameters")}`],
  [`<|python_start|>[look_up(word="roost"), look_up(word='roost')]<|python_end|>`, "", 2],
  [json.replace("arguments", "parameters")],
  [`[look_up(word="roost")]`],
  [`<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "look_up", "parameters": {"word": "roost"}}]<|END_ACTION|>`],
  [`functools[${json}]`],
  // DeepSeek
  [
    `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>look_up\n\`\`\`json\n{"word": "roost"}\n\`\`\`<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
  ],
  [
    `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>look_up<｜tool▁sep｜>{"word": "roost"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
  ],
  // Mistral
  [`[TOOL_CALLS][${json}]`],
  [`[TOOL_CALLS]look_up[ARGS]{"word": "roost"}`],
  [`[TOOL_CALLS]look_up[CALL_ID]a1b2c3d4e[ARGS]{"word": "roost"}`],
  [`[TOOL_CALLS]look_up{"word": "roost"}[TOOL_CALLS]look_up{"word": "roost"}`, "", 2],
  // GLM
  [`<tool_call>look_up\n<arg_key>word</arg_key>\n<arg_value>roost</arg_value>\n</tool_call>`],
  // Gemma
  [`\`\`\`tool_code\nprint(default_api.look_up(word="roost"))\n\`\`\``],
  [`\`\`\`tool_call\n${json.replace("arguments", "args")}\n\`\`\``],
  [`<start_function_call>call:look_up{word:<escape>roost<escape>}<end_function_call>`],
  [`<|tool_call>call:look_up{word:<|"|>roost<|"|>}<tool_call|>`],
  // A name and its arguments, and nothing else
  [`look_up{"word": "roost"}`],
  [`functions.look_up\n{"word": "roost"}`],
  [`mcp__roost__look_up {"word": "roost"}`],
  // Models that were taught ReAct
  [`Thought: I should look.\nAction: look_up\nAction Input: {"word": "roost"}`, "Thought: I should look."],
  // gpt-oss
  [`<|channel|>commentary to=functions.look_up <|constrain|>json<|message|>{"word": "roost"}<|call|>`],
  [
    `<|start|>assistant<|channel|>commentary to=functions.look_up <|constrain|>json<|message|>{"word": "roost"}<|call|>`,
  ],
  [`<|start|>assistant to=functions.look_up<|channel|>commentary<|message|>{"word": "roost"}<|call|>`],
  // InternLM, Nemotron, and what Llama makes of Hermes' and its own form
  [`<|action_start|><|plugin|>${json.replace("arguments", "parameters")}<|action_end|>`],
  [`<TOOLCALL>[${json}]</TOOLCALL>`],
  [`<tool_use>${json}</tool_use>`],
  [`<tool_call name="look_up">{"word": "roost"}</tool_call>`],
  [`<function=look_up{"word": "roost"}</function>`],
  [`<function(look_up){"word": "roost"}</function>`],
  [`Action: look_up\nAction Input: {"word": "roost"}\nObservation:`],
];
test("readWrittenCalls() reads calls in the forms of many model families", () => {
  for (const [text, before = "", count = 1] of written)
    assert.deepEqual(
      readWrittenCalls(text, { toolNames, areToolsText: false }),
      { text: before, calls: [call, call].slice(0, count) },
      text,
    );
});

test("readWrittenCalls() takes a reply of nothing but JSON for a call only where it is told to", () => {
  for (const text of [json, `\`\`\`json\n${json}\n\`\`\``, `{"type": "function", "function": ${json}}`, `[${json}]`]) {
    assert.deepEqual(readWrittenCalls(text, { toolNames, areToolsText: true }), { text: "", calls: [call] }, text);
    assert.equal(readWrittenCalls(text, { toolNames, areToolsText: false }), undefined, text);
    assert.equal(hasUnreadCall(text, { toolNames }), true, text);
  }
});

test("readWrittenCalls() keeps what the arguments say: line breaks, quotes, marks, numbers as they are written", () => {
  const contents = 'a "b"\n</tool_call>\n\n```json\n{}\n```';
  const texts: [text: string, argumentsText: string][] = [
    [
      `<tool_call>${JSON.stringify({ name: "write_file", arguments: { text: contents, size: 1.5, none: null } })}</tool_call>`,
      JSON.stringify({ text: contents, size: 1.5, none: null }),
    ],
    ['<tool_call>{"name": "write_file", "arguments": {"text": "two\nlines"}}</tool_call>', '{"text":"two\\nlines"}'],
    [
      "<function=write_file>\n<parameter=text>\n\n if a < b:\n   go\n\n</parameter>\n<parameter=size>\n3\n</parameter>\n</function>",
      '{"text":"\\n if a < b:\\n   go\\n","size":"3"}',
    ],
    [
      `<|python_start|>[write_file(text='it\\'s', tags=["a", 'b'], deep={"x": True})]<|python_end|>`,
      '{"text":"it\'s","tags":["a","b"],"deep":{"x":true}}',
    ],
  ];
  for (const [text, argumentsText] of texts)
    assert.deepEqual(readWrittenCalls(text, { toolNames, areToolsText: false })?.calls, [
      { toolName: "write_file", argumentsText },
    ]);
});

const others = [
  "There is nothing to look up.",
  `Write <tool_call>${json}</tool_call> to look a word up.`,
  `<tool_call>${json}</tool_call>\nis what the page says.`,
  `An example:\n\`\`\`\n<tool_call>${json}</tool_call>\n\`\`\``,
  "I write `<tool_call>` before a call, and `[TOOL_CALLS]`.",
  '<tool_call>{"name": "look_up"',
  '{"name": "look_up"}',
  '{"name": "Ann", "arguments": {}}',
  '{"name": "Ann", "parameters": {}}',
  "[see(above=1)]",
  "See [look_up(word)] in the manual.",
  "<function(x) {}>",
];
test("readWrittenCalls() takes nothing else for a call: a quotation, an example, an answer in JSON", () => {
  for (const text of others) assert.equal(readWrittenCalls(text, { toolNames, areToolsText: true }), undefined, text);
});

test("readWrittenCalls() reads a call of a tool that does not exist only where tools were described as text: the model is told so then", () => {
  const text = '<tool_call>{"name": "functions.find", "arguments": {}}</tool_call>';
  assert.equal(readWrittenCalls(text, { toolNames, areToolsText: false }), undefined);
  assert.deepEqual(readWrittenCalls(text, { toolNames, areToolsText: true })?.calls, [
    { toolName: "find", argumentsText: "{}" },
  ]);
});

test("hasUnreadCall() sees a call that could not be read, and none in an answer about calls or in JSON", () => {
  for (const text of [
    `<tool_call>${json}</tool_call>\nThe word means …`,
    '<tool_call>{"name": "look_up"',
    "[TOOL_CALLS]",
  ])
    assert.equal(hasUnreadCall(text, { toolNames }), true, text);
  for (const text of [...others.slice(3, 5), ...others.slice(6), `${json}\nis what a call looks like.`])
    assert.equal(hasUnreadCall(text, { toolNames }), false, text);
});

test("readWrittenCalls() ends soon on a long text of marks", () => {
  const read = (text: string) => readWrittenCalls(text, { toolNames, areToolsText: true });
  const size = 2_500;
  assertEvenGrowth((count) => assert.equal(read("<tool_call>[".repeat(count)), undefined), { size });
  assertEvenGrowth(
    (count) => assert.equal(read(`<function=look_up>${"<parameter=a>".repeat(count)}`)?.calls.length, 1),
    { size },
  );
  assertEvenGrowth((count) => assert.equal(read(`\`\`\`${"\n".repeat(count)}x`), undefined), { size });
});
