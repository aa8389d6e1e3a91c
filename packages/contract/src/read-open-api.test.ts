import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "@roost/base";
import { z } from "zod";
import { content } from "./content.ts";
import { createOpenApi } from "./create-open-api.ts";
import { createValidator } from "./create-validator.ts";
import { defineOperation } from "./define-operation.ts";
import { defineService } from "./define-service.ts";
import { listOperationTools } from "./list-operation-tools.ts";
import { readOpenApi } from "./read-open-api.ts";

const Part = z.object({ name: z.string().max(10) }).meta({ id: "Part" });
const Whole = z.object({ parts: z.array(Part).max(3) }).meta({ id: "Whole" });
const getWhole = defineOperation({
  id: "getWhole",
  method: "GET",
  path: "/wholes/{wholeId}",
  summary: "A whole",
  input: z.object({ wholeId: z.string(), depth: z.number().int().optional().describe("How deep") }),
  output: Whole,
  effect: "readonly",
});
const makeWhole = defineOperation({
  id: "makeWhole",
  method: "POST",
  path: "/wholes/{wholeId}",
  summary: "Makes a whole",
  description: "Of its parts.",
  input: z.object({ wholeId: z.string(), whole: Whole, note: z.string().optional() }),
  output: z.object({}),
  effect: "queryable",
  query: getWhole,
  access: { audience: ["owner"] },
  labels: ["trust:untrusted"],
});
const others = [
  defineOperation({
    id: "watch",
    method: "GET",
    path: "/watch",
    summary: "A stream",
    input: z.object({ after: z.string().optional() }),
    output: Whole,
    effect: "readonly",
    stream: true,
  }),
  defineOperation({
    id: "upload",
    method: "PUT",
    path: "/upload",
    summary: "Bytes",
    input: z.object({ file: content(["image/png"]) }),
    output: z.object({}),
    effect: "idempotent",
  }),
];
const contract = defineService({ name: "parts", title: "Parts", operations: [getWhole, makeWhole, ...others] });

test("readOpenApi() reads what createOpenApi() has written, without streams and bytes", () => {
  const read = readOpenApi(createOpenApi(contract, { version: "1" }));
  assert.deepEqual(
    read.map(({ id, method, path, effect, query, labels }) => [id, method, path, effect, query, labels]),
    [
      ["getWhole", "GET", "/wholes/{wholeId}", "readonly", undefined, ["aud:domain:parts", "trust:agent"]],
      [
        "makeWhole",
        "POST",
        "/wholes/{wholeId}",
        "queryable",
        "getWhole",
        ["aud:domain:parts", "trust:agent", "trust:untrusted"],
      ],
    ],
  );
  const [get, make] = read;
  assert.deepEqual([get?.summary, make?.description, make?.audience], ["A whole", "Of its parts.", ["owner"]]);
  const complaints = (input: object, given: unknown) => createValidator(input as never)(given);
  assert.deepEqual(complaints(get!.input, { wholeId: "a", depth: 1 }), []);
  assert.match(complaints(get!.input, { depth: 1.5, x: 1 }).join(), /wholeId.*missing.*unknown field "x".*depth/);
  assert.deepEqual(complaints(make!.input, { wholeId: "a", whole: { parts: [{ name: "x" }] } }), []);
  assert.match(complaints(make!.input, { wholeId: "a", whole: { parts: [{ name: 1 }] } }).join(), /parts\.0\.name/);
});

test("readOpenApi() reads parameters that a path shares or that are referred to, and answers of every status that says done", () => {
  const parameter = (name: string, place: string, schema: JsonObject, more: JsonObject = {}) => ({
    name,
    in: place,
    schema,
    ...more,
  });
  const document = {
    openapi: "3.1.0",
    paths: {
      "/wholes/{wholeId}/a~b": {
        parameters: [
          parameter("wholeId", "path", { type: "string" }, { required: true }),
          parameter("depth", "query", { type: "string" }),
        ],
        put: {
          operationId: "putWhole",
          parameters: [{ $ref: "#/components/parameters/a~1b" }, { $ref: "https://elsewhere.example/x" }],
          requestBody: { $ref: "#/components/requestBodies/Whole" },
          responses: { default: {}, "201": { $ref: "#/components/responses/Made" } },
        },
        delete: { operationId: "deleteWhole", responses: { "204": { description: "gone" } } },
      },
    },
    components: {
      parameters: { "a/b": parameter("depth", "query", { type: "integer" }, { required: true }) },
      requestBodies: {
        Whole: { content: { "application/json": { schema: { properties: { note: { type: "string" } } } } } },
      },
      responses: { Made: { content: { "application/json": { schema: { type: "array" } } } } },
    },
  };
  const [put, gone] = readOpenApi(document);
  assert.deepEqual(put?.input, {
    type: "object",
    properties: { wholeId: { type: "string" }, depth: { type: "integer" }, note: { type: "string" } },
    required: ["wholeId", "depth"],
    additionalProperties: false,
  });
  assert.deepEqual([put.output, gone?.id, gone?.output], [{ type: "array" }, "deleteWhole", {}]);
});

test("listOperationTools() has what the kind of caller may call, as tools that any server of tools can offer", () => {
  const document = createOpenApi(contract, { version: "1" });
  const listed = (kind: "agent" | "owner") => listOperationTools(document, { service: "parts", title: "Parts", kind });
  assert.deepEqual(
    listed("agent").map(({ name }) => name),
    ["parts_getWhole"],
  );
  const [get, make] = listed("owner");
  assert.deepEqual(
    [make?.name, make?.description, make?.effect],
    ["parts_makeWhole", "Parts: Makes a whole. Of its parts.", "queryable"],
  );
  assert.equal(make?.query?.id, "getWhole");
  assert.deepEqual([get?.inputSchema["type"], get?.validate({ wholeId: "a" })], ["object", []]);
});
