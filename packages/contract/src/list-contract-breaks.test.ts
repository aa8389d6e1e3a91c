import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { listIncompatibilities } from "./check-compatibility.ts";
import { content } from "./content.ts";
import { createOpenApi } from "./create-open-api.ts";
import { defineOperation, type AnyOperation } from "./define-operation.ts";
import { defineService } from "./define-service.ts";
import { listContractBreaks } from "./list-contract-breaks.ts";

const Leaf = z.object({ id: z.uuid(), kind: z.enum(["oak", "elm"]), note: z.string().max(10).optional() });
/** A page of trees, each with trees in it. */
function outputOf(leaf: z.ZodType) {
  const Tree = z.object({
    leaf,
    get trees(): z.ZodArray<z.ZodType> {
      return z.array(Tree);
    },
  });
  return z.object({ items: z.array(Tree.meta({ id: "Tree" })), next: z.string().nullable() });
}

const Input = z.object({ kind: z.enum(["oak", "elm"]), title: z.string().max(100), note: z.string().optional() });
const Output = outputOf(Leaf);

const operation = (change: Partial<Parameters<typeof defineOperation>[0]> = {}): AnyOperation =>
  defineOperation({
    id: "plant",
    method: "POST",
    path: "/trees",
    summary: "Plants",
    input: Input,
    output: Output,
    effect: "readonly",
    ...change,
  });

const documentOf = (...operations: AnyOperation[]) =>
  createOpenApi(defineService({ name: "wood", title: "Wood", operations }), { version: "1.0.0" });

const breaksOf = (...now: AnyOperation[]) => listContractBreaks(documentOf(operation()), documentOf(...now));
test("listContractBreaks() takes what adds: operations, optional input, answered fields, values, wider bounds, words", () => {
  const wider = Input.extend({
    kind: z.enum(["oak", "elm", "fir"]).describe("A kind"),
    title: z.string().max(200),
    more: z.number().optional(),
  });
  const leaf = Leaf.extend({
    kind: z.enum(["oak", "elm", "fir"]),
    note: z.string().max(20).optional(),
    age: z.number(),
  });
  const more = outputOf(leaf).extend({ total: z.number() });
  const other = operation({ id: "fell", path: "/felled" });
  assert.deepEqual(breaksOf(operation()), []);
  assert.deepEqual(breaksOf(operation({ input: wider, output: more, summary: "Plants trees" }), other), []);
});

test("listIncompatibilities() looks at what stands beside alternatives", () => {
  const holds = (beside: object) => ({
    type: "object" as const,
    properties: { note: { anyOf: [{ type: "string" }, { type: "null" }], ...beside } },
    required: ["note"],
  });
  const pathsOf = (writer: object, reader: object) =>
    listIncompatibilities(holds(writer), holds(reader)).map(({ path }) => path);
  assert.deepEqual(pathsOf({}, { maxLength: 5 }), ["note"]);
  assert.deepEqual(pathsOf({ maxLength: 5 }, { description: "In other words" }), []);
});

const losses: [string, AnyOperation[], string, RegExp][] = [
  ["an operation that is gone", [operation({ id: "fell" })], "plant", /gone/],
  ["another path", [operation({ path: "/forest" })], "plant", /POST \/trees, now by POST \/forest/],
  ["an effect", [operation({ effect: "unsafe" })], "plant", /readonly/],
  ["another kind of answer", [operation({ output: content(["text/plain"]) })], "plant", /not JSON/],
  ["a narrower bound", [operation({ input: Input.extend({ title: z.string().max(50) }) })], "plant.input.title", /50/],
  ["fewer values", [operation({ input: Input.extend({ kind: z.enum(["oak"]) }) })], "plant.input.kind", /"elm"/],
  ["a new duty", [operation({ input: Input.extend({ more: z.number() }) })], "plant.input.more", /required/],
  ["a field not taken", [operation({ input: Input.omit({ note: true }) })], "plant.input.note", /known/],
  ["a field not answered", [operation({ output: Output.omit({ next: true }) })], "plant.output.next", /required/],
  ["another type", [operation({ output: Output.extend({ next: z.number() }) })], "plant.output.next", /type/],
  ["a null", [operation({ output: outputOf(Leaf.nullable()) })], "plant.output.items[].leaf", /alternative|type/],
  [
    "an optional field that is gone, inside",
    [operation({ output: outputOf(Leaf.omit({ note: true })) })],
    "plant.output.items[].leaf.note",
    /required/,
  ],
  [
    "a field that may be missing",
    [operation({ output: outputOf(Leaf.partial({ id: true })) })],
    "plant.output.items[].leaf.id",
    /required/,
  ],
];

for (const [what, now, path, reason] of losses)
  test(`listContractBreaks() names ${what} by its path`, () => {
    // Trees have trees in them.
    const [found, ...others] = breaksOf(...now).filter((one) => !one.path.includes(".trees[]"));
    assert.deepEqual([found?.path, others], [path, []]);
    assert.match(found?.reason ?? "", reason);
  });
