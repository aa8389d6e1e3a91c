import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { checkCompatibility } from "./check-compatibility.ts";
import type { CompatibilityMode } from "./define-event.ts";
import { toJsonSchema } from "./to-json-schema.ts";

const v1 = z.object({ runId: z.string(), state: z.enum(["a", "b"]), at: z.string().optional() });

interface Change {
  name: string;
  to: z.ZodType;
  from?: z.ZodType;
  backward: boolean;
  forward: boolean;
  path: string;
}

const changes: Change[] = [
  { name: "nothing", to: v1.clone(), backward: true, forward: true, path: "" },
  {
    name: "an optional field is added",
    to: v1.extend({ note: z.string().optional() }),
    backward: true,
    forward: false,
    path: "note",
  },
  {
    name: "a required field is added",
    to: v1.extend({ note: z.string() }),
    backward: false,
    forward: false,
    path: "note",
  },
  { name: "an optional field is removed", to: v1.omit({ at: true }), backward: false, forward: true, path: "at" },
  { name: "an optional field is required", to: v1.required(), backward: false, forward: true, path: "at" },
  { name: "a type changes", to: v1.extend({ runId: z.number() }), backward: false, forward: false, path: "runId" },
  {
    name: "an enum grows",
    to: v1.extend({ state: z.enum(["a", "b", "c"]) }),
    backward: true,
    forward: false,
    path: "state",
  },
  { name: "an enum shrinks", to: v1.extend({ state: z.enum(["a"]) }), backward: false, forward: true, path: "state" },
  {
    name: "null is allowed",
    to: v1.extend({ runId: z.string().nullable() }),
    backward: true,
    forward: false,
    path: "runId",
  },
  {
    name: "a length is limited",
    to: v1.extend({ runId: z.string().max(5) }),
    backward: false,
    forward: true,
    path: "runId",
  },
  {
    name: "a field deep in a list changes",
    from: z.object({ deep: z.object({ items: z.array(z.object({ n: z.number() })) }) }),
    to: z.object({ deep: z.object({ items: z.array(z.object({ n: z.string() })) }) }),
    backward: false,
    forward: false,
    path: "deep.items[].n",
  },
  {
    name: "an alternative is added",
    from: z.object({ t: z.discriminatedUnion("kind", [z.object({ kind: z.literal("a") })]) }),
    to: z.object({
      t: z.discriminatedUnion("kind", [z.object({ kind: z.literal("a") }), z.object({ kind: z.literal("b") })]),
    }),
    backward: true,
    forward: false,
    path: "t",
  },
];

for (const { name, from = v1, to, backward, forward, path } of changes) {
  test(`checkCompatibility() when ${name}`, () => {
    const older = [toJsonSchema(from)];
    const newer = toJsonSchema(to);
    const expected: [CompatibilityMode, boolean][] = [
      ["backward", backward],
      ["forward", forward],
      ["full", backward && forward],
      ["backward_transitive", backward],
      ["none", true],
    ];
    for (const [mode, compatible] of expected) {
      const result = checkCompatibility(older, newer, mode);
      assert.equal(result.compatible, compatible, mode);
      if (!result.compatible) assert.equal(result.path, path, `${mode}: ${result.reason}`);
    }
  });
}

test("checkCompatibility() says why in words", () => {
  const older = [toJsonSchema(v1)];
  const reasonOf = (newer: z.ZodType, mode: CompatibilityMode) => {
    const result = checkCompatibility(older, toJsonSchema(newer), mode);
    return result.compatible ? "" : result.reason;
  };
  assert.equal(
    reasonOf(v1.extend({ runId: z.number() }), "backward"),
    'existing data would be refused: type is "string" for the writer and "number" for the reader',
  );
  assert.match(reasonOf(v1.extend({ state: z.enum(["a"]) }), "backward"), /does not know the value "b"/);
  assert.match(reasonOf(v1.extend({ x: z.string() }), "forward"), /^readers of the older schema would refuse it: /);
});

test("checkCompatibility() looks at all older versions only when transitive", () => {
  const older = [z.object({ a: z.string() }), z.object({ a: z.union([z.string(), z.number()]) })].map((schema) =>
    toJsonSchema(schema),
  );
  const first = toJsonSchema(z.object({ a: z.number() }));
  assert.equal(checkCompatibility(older, first, "forward").compatible, true);
  const result = checkCompatibility(older, first, "forward_transitive");
  assert.equal(result.compatible, false);
  assert.match(result.compatible ? "" : result.reason, /version 1 of 2/);
});

test("checkCompatibility() accepts the first version, and refuses what is no schema", () => {
  assert.deepEqual(checkCompatibility([], { type: "string" }, "full_transitive"), { compatible: true });
  assert.throws(() => checkCompatibility([{ type: "string" }], { type: "nonsense" }, "backward"), {
    code: "invalid_input",
  });
});
