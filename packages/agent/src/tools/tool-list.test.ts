import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "@roost/base";
import { z } from "zod";
import { callTool, openLoop, playByTurn, recordingTool } from "../loop/open-loop.fixture.ts";
import { estimateTool } from "../models/estimate-prompt.ts";
import { describeArguments } from "./describe-arguments.ts";
import { plainSchema } from "./plain-schema.ts";
import { createToolList, toolTokensMax } from "./tool-list.ts";
import type { Tool } from "./tool.ts";

const long = "Does one thing and does it well, which takes some words to say. ".repeat(6);
const many = (service?: string): Tool[] =>
  Array.from({ length: 20 }, (_, index) => ({
    name: `tool_${index}`,
    description: index === 7 ? `Sends pigeons. ${long}` : long,
    input: z.object({ city: z.string().min(3).describe("Where to") }),
    effect: "readonly",
    execute: async () => ({ state: "done", output: `tool ${index}` }),
    origin: service === undefined ? undefined : { kind: "service" as const, name: service, version: "1" },
  }));
const part = (toolName: string, args: JsonValue) => ({
  toolCallId: "1",
  toolName,
  argumentsText: typeof args === "string" ? args : JSON.stringify(args),
});

test("createToolList() shows all tools while they need few tokens, and no more than the first ones when they do not", () => {
  const few = createToolList(many().slice(0, 3), { first: ["tool_1"] });
  assert.deepEqual(
    few.descriptions.map(({ name }) => name),
    ["tool_0", "tool_1", "tool_2"],
  );
  const list = createToolList(many(), { first: ["tool_2", "tool_1", "no_such"] });
  assert.deepEqual(
    list.descriptions.map(({ name }) => name),
    ["tool_2", "tool_1", "find_tools", "call_tool"],
  );
  const tokens = list.descriptions.reduce((sum, description) => sum + estimateTool(description), 0);
  assert.ok(tokens < toolTokensMax, String(tokens));
});

test("createToolList() says the same whatever tools come and go from elsewhere", () => {
  const shown = (tools: Tool[]) => JSON.stringify(createToolList(tools, { first: ["tool_1"] }).descriptions);
  const own = many();
  const guest: Tool = { ...many("mcp:birds")[0]!, name: "call_a_bird" };
  assert.equal(shown([...own, guest]).replace(" and others", ""), shown(own));
  assert.equal(shown([...own, guest, { ...guest, name: "another" }]), shown([...own, guest]));
  // Also where few tools are built in; what is named is shown.
  const namesOf = (tools: Tool[], first: string[], services: string[]) =>
    createToolList(tools, { first, services }).descriptions.map(({ name }) => name);
  for (const tools of [own.slice(0, 2), [...own.slice(0, 2), guest]])
    assert.deepEqual(namesOf(tools, [], ["birds"]), ["tool_0", "tool_1", "find_tools", "call_tool"]);
  assert.deepEqual(namesOf([own[0]!, guest], ["call_a_bird"], []), ["tool_0", "call_a_bird"]);
  const finder = createToolList([guest], { first: [], services: ["birds"] }).descriptions[0];
  assert.equal(finder?.description, "Shows how more tools are called: those of birds.");
});

test("find_tools answers how tools are called: by name, by words, all of them, and never more than a later turn keeps", async () => {
  const list = createToolList(many("mcp:birds"), { first: ["tool_1"] });
  const find = async (query: string) => {
    const { tool } = list.resolve(part("find_tools", { query }));
    const result = await tool!.execute({ query }, {} as never);
    assert.ok(result.state === "done" && typeof result.output === "string");
    assert.ok(result.output.length <= 2_000);
    return result.output;
  };
  assert.match(await find("tool_3"), /^tool_3\(\{ city: string \/\* Where to \*\/ \}\)\nDoes one/);
  assert.match(await find("sending a pigeon"), /^tool_7\(/);
  assert.match(await find("*"), /There are:\n- tool_0: Does one thing/);
  assert.match(await find("xylophone"), /Nothing fits/);
});

test("find_tools finds a tool by what the words of its domain mean, and lists each source where there are too many for one line each", async () => {
  const vocabulary = { shelf: "Books that were recommended by friends" };
  const ofService = (name: string, count: number) =>
    many(name)
      .slice(0, count)
      .map((tool) => ({ ...tool, name: `${name}_${tool.name}` }));
  const put: Tool = {
    ...many("books")[0]!,
    name: "books_addToShelf",
    description: "Puts one there.",
    vocabulary,
  };
  const list = createToolList([...ofService("garden", 20), ...ofService("peeps", 20), put], { first: [] });
  const find = async (query: string) => {
    const { tool } = list.resolve(part("find_tools", { query }));
    const result = await tool!.execute({ query }, {} as never);
    assert.ok(result.state === "done" && typeof result.output === "string" && result.output.length <= 2_000);
    return result.output;
  };
  assert.match(await find("somebody recommended a novel"), /^books_addToShelf\(/);
  assert.match(
    await find("*"),
    /- garden \(20\): garden_tool_0, .*- peeps \(20\): .*- books \(1\): books_addToShelf$/s,
  );
});

test("plainSchema() joins what holds together, and ends a circle and what is very large", () => {
  const node = { type: "object", properties: { label: { type: "string" }, next: { $ref: "#/$defs/Node" } } };
  const plain = plainSchema({
    allOf: [
      { properties: { a: { type: "string" } }, required: ["a"] },
      { type: "object", properties: { node: { $ref: "#/$defs/Node" } } },
    ],
    $defs: { Node: node },
  });
  assert.deepEqual(plain, {
    type: "object",
    properties: { a: { type: "string" }, node: { ...node, properties: { ...node.properties, next: {} } } },
    required: ["a"],
  });
  const wide = (depth: number): JsonValue =>
    depth === 0
      ? { type: "string" }
      : {
          type: "object",
          properties: Object.fromEntries(
            ["a", "b", "c", "d", "e", "f", "g", "h"].map((name) => [name, wide(depth - 1)]),
          ),
        };
  assert.ok(JSON.stringify(plainSchema(wide(5) as never)).length < 60_000);
});

test("createToolList() finds the tool that a call means, however the model has wrapped it", () => {
  const list = createToolList(many(), { first: ["tool_1"] });
  const rows: [name: string, args: JsonValue, tool: string, argumentsText: string][] = [
    ["tool_1", { city: "Ulm" }, "tool_1", '{"city":"Ulm"}'],
    ["tool_9", { city: "Ulm" }, "tool_9", '{"city":"Ulm"}'],
    ["call_tool", { name: "tool_9", arguments: { city: "Ulm" } }, "tool_9", '{"city":"Ulm"}'],
    ["call_tool", { name: "tool_9", arguments: '{"city":"Ulm"}' }, "tool_9", '{"city":"Ulm"}'],
    ["call_tool", { name: " tool_9 ", city: "Ulm" }, "tool_9", '{"city":"Ulm"}'],
    ["call_tool", JSON.stringify(JSON.stringify({ name: "tool_9", arguments: {} })), "tool_9", "{}"],
    ["call_tool", { name: "tool_9", arguments: null }, "tool_9", "{}"],
    ["call_tool", { name: "find_tools", arguments: { query: "x" } }, "find_tools", '{"query":"x"}'],
    ["call_tool", { name: "functions.tool_9", arguments: {} }, "tool_9", "{}"],
    ...[
      "functions.tool_9",
      " tool_9 ",
      "functions.tool_9:0",
      "default_api.tool_9",
      "Tool-9",
      "tool_9<|channel|>json",
      "mcp__roost__tool_9",
      "roost__tool_9",
    ].map((each): [string, JsonValue, string, string] => [each, {}, "tool_9", "{}"]),
  ];
  for (const [name, args, tool, argumentsText] of rows) {
    const resolved = list.resolve(part(name, args));
    assert.deepEqual([resolved.tool?.name, resolved.argumentsText], [tool, argumentsText], JSON.stringify(args));
  }
  for (const args of ["not JSON", {}, { name: "call_tool", arguments: {} }, { name: "nope" }])
    assert.equal(list.resolve(part("call_tool", args)).tool, undefined);
  for (const name of ["tool", "tool_99", "", "functions."]) assert.equal(list.resolve(part(name, {})).tool, undefined);
});

test("createToolList() shows at most as many tools as OpenAI takes, and finds the rest", () => {
  const tools = Array.from({ length: 200 }, (_, index) => ({ ...many()[0]!, name: `tool_${index}` }));
  for (const first of [undefined, tools.map(({ name }) => name)]) {
    const list = createToolList(tools, { first });
    assert.equal(list.descriptions.length, 128);
    assert.deepEqual(
      list.descriptions.slice(-2).map(({ name }) => name),
      ["find_tools", "call_tool"],
    );
    assert.equal(list.resolve(part("call_tool", { name: "tool_199", arguments: {} })).tool?.name, "tool_199");
  }
});

test("runAgentLoop() runs a call that a server without a parser left in the text or the thinking, also of a tool that was not shown", async () => {
  const post = recordingTool();
  await using loop = await openLoop(
    playByTurn([
      'I post it.\n<function=post>{"text": "hello"}</function>',
      { text: "", reasoning: 'So I post.\n<tool_call>{"name": "post", "arguments": {"text": "again"}}</tool_call>' },
      '<tool_call>{"name": "look", "arguments": {}}</tool_call>',
    ]),
  );
  const outcome = await loop.run({ tools: [...many(), post], firstTools: ["tool_1"] });
  assert.deepEqual(
    post.effects.map(({ text }) => text),
    ["hello", "again"],
  );
  assert.deepEqual(loop.deltas.filter(({ type }) => type === "reset").length, 1);
  assert.ok(outcome.kind === "replied");
  assert.equal(outcome.hasUnreadCall, true);
});

test("runAgentLoop() runs a found tool as that tool: its name, its effect, its arguments, its permit", async () => {
  const post = recordingTool();
  await using loop = await openLoop(
    playByTurn([
      callTool("call_tool", { name: "post", arguments: { text: 5 } }),
      callTool("find_tools", { query: "post" }),
      callTool("call_tool", { name: "post", arguments: { text: "hello" } }),
      "posted",
    ]),
  );
  const permits: string[] = [];
  const outcome = await loop.run({
    tools: [...many(), post],
    firstTools: ["tool_1"],
    permit: ({ tool, input }) => {
      permits.push(`${tool.name} ${tool.effect} ${JSON.stringify(input)}`);
      return { state: "granted" };
    },
  });
  assert.equal(outcome.kind, "replied");
  assert.deepEqual(
    post.effects.map(({ text }) => text),
    ["hello"],
  );
  assert.deepEqual(permits.at(-1), 'post unsafe {"text":"hello"}');
  const called = loop.deltas.flatMap((delta) =>
    delta.type === "tool_call" ? [`${delta.step} ${delta.toolName}`] : [],
  );
  assert.deepEqual(called, ["tool:post#1 post", "tool:find_tools#2 find_tools", "tool:post#3 post"]);
  const answers = outcome.messages.filter((message) => message.role === "tool");
  assert.match(answers[0]?.text ?? "", /text: .*It is called so: post\(\{ text: string \}\)/);
});

test("plainSchema() has none of the keywords that some providers refuse, and says the same", () => {
  const plain = plainSchema({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    additionalProperties: false,
    $defs: { City: { type: "string", minLength: 2, description: "A city" }, Loop: { $ref: "#/$defs/Loop" } },
    properties: {
      from: { $ref: "#/$defs/City" },
      how: { oneOf: [{ const: "train" }, { type: "object", propertyNames: { pattern: "x" } }] },
      days: { type: "array", items: { type: "integer", minimum: 1 }, default: [1] },
      round: { $ref: "#/$defs/Loop" },
    },
    required: ["from"],
  });
  assert.deepEqual(plain, {
    type: "object",
    properties: {
      from: { type: "string", description: "A city" },
      how: { anyOf: [{ enum: ["train"], type: "string" }, { type: "object" }] },
      days: { type: "array", items: { type: "integer" } },
      round: {},
    },
    required: ["from"],
  });
  assert.equal(
    describeArguments("go", plain),
    'go({ from: string /* A city */, how?: "train" | {…}, days?: [integer, …], round?: any })',
  );
  assert.deepEqual(plainSchema({}), { type: "object", properties: {} });
});
