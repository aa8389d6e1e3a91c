import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { inputSchemaOf, readArguments, shownArguments } from "./read-arguments.ts";

const zodTool = {
  name: "write",
  input: z.object({ path: z.string(), mode: z.enum(["new", "append"]).default("new") }),
};
const jsonTool = {
  name: "call",
  input: {
    jsonSchema: { type: "object" },
    validate: (value: unknown) => (typeof (value as { a?: unknown }).a === "number" ? [] : ["a must be a number"]),
  },
};
const noArguments = { name: "list", input: z.object({}) };

test("readArguments() parses, checks and fills in defaults", () => {
  assert.deepEqual(readArguments(zodTool, '{"path":"a.md"}'), {
    isValid: true,
    input: { path: "a.md", mode: "new" },
    shown: { path: "a.md" },
  });
  assert.deepEqual(readArguments(jsonTool, '{"a":1}'), { isValid: true, input: { a: 1 }, shown: { a: 1 } });
});

test("readArguments() forgives nothing at all, null, and JSON inside a string", () => {
  for (const text of ["", "  ", "null", "{}", '"{}"'])
    assert.equal(readArguments(noArguments, text).isValid, true, text);
  assert.deepEqual(shownArguments('"{\\"a\\":1}"'), { a: 1 });
});

const typed = {
  name: "typed",
  input: z.object({
    text: z.string(),
    count: z.int().optional(),
    isOn: z.boolean().optional(),
    list: z.array(z.string()).optional(),
    fields: z.record(z.string(), z.unknown()).optional(),
    mode: z.enum(["new", "append"]).optional(),
    any: z.unknown().optional(),
    rule: z.union([z.object({ kind: z.literal("every"), minutes: z.int() }), z.null()]).optional(),
  }),
};
const meant: [written: string, shown: object | undefined][] = [
  ['{"text":"5","count":"5","isOn":"True"}', { text: "5", count: 5, isOn: true }],
  ['{"text":"a","list":"b","mode":"Append"}', { text: "a", list: ["b"], mode: "append" }],
  ['{"text":"{}","list":"[\\"b\\"]","fields":"{\\"c\\": 1}"}', { text: "{}", list: ["b"], fields: { c: 1 } }],
  ['{"text":"a","count":null,"any":"1","isOn":"false"}', { text: "a", any: "1", isOn: false }],
  [
    '{"text":"a","rule":"{\\"kind\\":\\"every\\",\\"minutes\\":\\"5\\"}"}',
    { text: "a", rule: { kind: "every", minutes: 5 } },
  ],
  ["{'text': 'it\\'s', 'isOn': True, 'list': ['b',],}", { text: "it's", isOn: true, list: ["b"] }],
  ['{"text":"two\nlines"}', { text: "two\nlines" }],
  ['{"text":5}', undefined],
  ['{"text":"a","count":"many"}', undefined],
  ['{"text":"a","count":"5"', undefined],
  ['{"text":null}', undefined],
];
test("readArguments() reads what was plainly meant, and shows it as it is performed", () => {
  for (const [written, shown] of meant) {
    const read = readArguments(typed, written);
    assert.deepEqual(read.isValid ? [read.input, read.shown] : undefined, shown && [shown, shown], written);
  }
});

test("readArguments() says what is wrong and where", () => {
  const wrong = readArguments(zodTool, '{"path":7,"mode":"x"}');
  assert.ok(!wrong.isValid);
  assert.match(wrong.message, /arguments of write are not valid: path: .*; mode: /);
  const notJson = readArguments(zodTool, "path=a.md");
  assert.ok(!notJson.isValid);
  assert.match(notJson.message, /not JSON: path=a\.md/);
  for (const cut of ['{"path":"a.md","text":"abc \\"', '{"path":"a.md"', '{"path":"a}","list":[1,']) {
    const broken = readArguments(zodTool, cut);
    assert.ok(!broken.isValid);
    assert.match(broken.message, /break off before their end: send less at once/);
  }
  const custom = readArguments(jsonTool, '{"a":"x"}');
  assert.ok(!custom.isValid);
  assert.match(custom.message, /a must be a number/);
});

test("inputSchemaOf() describes what the model writes, not what the tool reads", () => {
  const schema = inputSchemaOf(zodTool);
  assert.equal(schema["type"], "object");
  assert.deepEqual(schema["required"], ["path"]);
  assert.equal("$schema" in schema, false);
  assert.deepEqual(inputSchemaOf(jsonTool), { type: "object" });
});

test("readArguments() refuses what is nested without end, and replaces what cannot be stored", () => {
  const tool = { name: "t", input: z.object({ scope: z.string() }) };
  const deep = `{"scope":${"[".repeat(5_000)}${"]".repeat(5_000)}}`;
  assert.deepEqual(readArguments(tool, deep), {
    isValid: false,
    message: "the arguments of t are nested deeper than 64 levels: flatten them",
  });
  assert.equal(typeof shownArguments(deep), "string");
  assert.deepEqual(readArguments(tool, String.raw`{"scope":"s\u0000\ud800 [[["}`), {
    isValid: true,
    input: { scope: "s\ufffd\ufffd [[[" },
    shown: { scope: "s\ufffd\ufffd [[[" },
  });
});
