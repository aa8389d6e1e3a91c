/** Documents as others may write them, drawn at random: what is made of them is a schema. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonSchema, OpenApiDocument } from "@roost/contract";
import * as fc from "fast-check";
import { validateSchema } from "graphql";
import { createTwoServices } from "../testing/two-services.ts";
import { sourceOf } from "../testing/create-test-graphql.ts";
import { composeSchema } from "./compose-schema.ts";

const names = fc.constantFrom(
  "A",
  "B",
  "B Input",
  "BInput",
  "Query",
  "JSON",
  "__x",
  "1",
  "",
  "a-b",
  "aB",
  "items",
  "next",
  "constructor",
);
const reference = fc.record({ $ref: names.map((name) => `#/components/schemas/${name}`) });

const { schema: anySchema } = fc.letrec<{ schema: JsonSchema }>((tie) => {
  const inner = tie("schema");
  const members = fc.array(inner, { maxLength: 3 });
  const properties = fc.dictionary(names, inner, { maxKeys: 4 });
  return {
    schema: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constant({}),
      reference,
      fc.record({ type: fc.constantFrom("string", "integer", "number", "boolean", "null", "file", "array", "object") }),
      fc.record({
        type: fc.constant("string"),
        enum: fc.array(fc.constantFrom("x", "true", "null", "a-b", "aB", "", 1, null), { maxLength: 4 }),
      }),
      fc.record({ const: fc.constantFrom("x", 1, true, null) }),
      fc.record({ type: fc.constant("array"), items: inner }),
      fc.record({ type: fc.constant("object"), properties, required: fc.array(names, { maxLength: 2 }) }),
      fc.record({ oneOf: members, discriminator: fc.record({ propertyName: names }) }, { requiredKeys: ["oneOf"] }),
      fc.record({ anyOf: members }),
      fc.record({ allOf: members }),
    ) as fc.Arbitrary<JsonSchema>,
  };
});

const anyDocument = fc.record({
  ids: fc.uniqueArray(fc.constantFrom("a", "a-b", "aB", "__typename", "1", "list", "!"), {
    minLength: 1,
    maxLength: 4,
  }),
  effects: fc.array(fc.constantFrom("readonly", "unsafe"), { minLength: 4, maxLength: 4 }),
  parameters: fc.array(
    fc.record({ name: names, in: fc.constantFrom("query", "path"), required: fc.boolean(), schema: anySchema }),
    { maxLength: 3 },
  ),
  answer: anySchema,
  schemas: fc.dictionary(names, anySchema, { maxKeys: 6 }),
  relations: fc.array(
    fc.record({ from: names, name: names, field: names, to: names, via: fc.constantFrom("a", "aB", "list") }),
    { maxLength: 2 },
  ),
});

test("composeSchema() makes a valid schema beside any document, and leaves nothing out but relations that lead nowhere", () => {
  const [crm] = createTwoServices().served;
  const own = sourceOf(crm!, true);
  fc.assert(
    fc.property(anyDocument, ({ ids, effects, parameters, answer, schemas, relations }) => {
      const content = { "application/json": { schema: answer } };
      const paths = ids.map((operationId, index) => [
        `/${index}`,
        { get: { operationId, "x-roost-effect": effects[index]!, parameters, responses: { 200: { content } } } },
      ]);
      const document = {
        paths: Object.fromEntries(paths),
        components: { schemas },
        "x-relations": relations,
      } as unknown as OpenApiDocument;
      const { schema, problems } = composeSchema([own, { name: "other", title: "Other", document, isOwn: false }]);
      assert.deepEqual(validateSchema(schema), []);
      assert.deepEqual(
        problems.filter((problem) => !problem.includes("the relation ")),
        [],
      );
      const query = schema.getQueryType()!.getFields();
      assert.ok(query["listPeople"] !== undefined);
    }),
    { numRuns: 300 },
  );
});
