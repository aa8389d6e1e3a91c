import assert from "node:assert/strict";
import { test } from "node:test";
import SwaggerParser from "@apidevtools/swagger-parser";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { Validator } from "@seriousme/openapi-schema-validator";
import { z } from "zod";
import { createOpenApi } from "./create-open-api.ts";
import { defineOperation } from "./define-operation.ts";
import { defineService, type Relation } from "./define-service.ts";
import { ref } from "./records/fields.ts";
import { roostContract } from "./roost-contract.ts";
import { contractOf, people } from "./testing/people.ts";

const options = { version: "1.2.3" };

interface Document {
  openapi: string;
  paths: Record<string, Record<string, any>>;
  components: { schemas: Record<string, any>; securitySchemes: Record<string, unknown> };
}

function documentOf(contract: Parameters<typeof createOpenApi>[0]): Document {
  return createOpenApi(contract, options) as unknown as Document;
}

test("createOpenApi() passes the validators of three makers", async () => {
  const config = await createConfig({ extends: ["spec"] });
  for (const contract of [people, roostContract]) {
    const document = createOpenApi(contract, options);
    assert.deepEqual(await new Validator().validate(structuredClone(document)), { valid: true });
    await SwaggerParser.validate(structuredClone(document) as never);
    const found = await lintFromString({ source: JSON.stringify(document), config });
    const complaints = found.map(({ message, location }) => `${location[0]?.pointer}: ${message}`);
    assert.deepEqual(complaints, []);
  }
});

test("createOpenApi() puts each field where it is sent", () => {
  const { paths } = documentOf(people);
  assert.deepEqual(paths["/people/{personId}"]?.["get"].parameters, [
    { name: "personId", in: "path", required: true, schema: { type: "string", maxLength: 64 } },
  ]);
  const list = paths["/people"]?.["get"];
  assert.deepEqual(
    list.parameters.map((parameter: { name: string; in: string; required: boolean }) => [
      parameter.name,
      parameter.in,
      parameter.required,
    ]),
    [
      ["limit", "query", false],
      ["after", "query", false],
      ["tags", "query", false],
      ["active", "query", false],
    ],
  );
  const body = paths["/people"]?.["post"].requestBody;
  assert.equal(body.required, true);
  assert.deepEqual(body.content["application/json"].schema.required, ["name"]);
  assert.equal(body.content["application/json"].schema.additionalProperties, false);
});

test("createOpenApi() refers to named schemas, open ones for output", () => {
  const { paths, components } = documentOf(people);
  assert.deepEqual(paths["/people/{personId}"]?.["get"].responses["200"].content["application/json"].schema, {
    $ref: "#/components/schemas/Person",
  });
  assert.equal("additionalProperties" in components.schemas["Person"], false);
  assert.deepEqual(components.schemas["Person"].required, ["id", "name", "tags", "note"]);
});

test("createOpenApi() says which operations need the home", () => {
  const paths = Object.values(documentOf(roostContract).paths).flatMap((path) => Object.values(path));
  const needing = paths.filter((each) => each["x-roost-needs"] === "home").map(({ operationId }) => operationId);
  assert.deepEqual(
    needing.toSorted(),
    roostContract.operations
      .filter(({ needs }) => needs === "home")
      .map(({ id }): string => id)
      .toSorted(),
  );
  assert.ok(needing.includes("startRehearsal") && !needing.includes("listRuns"));
  const answering = paths.filter(({ responses }) => responses["501"] !== undefined);
  assert.deepEqual(answering.map(({ operationId }) => operationId).toSorted(), needing.toSorted());
});

test("createOpenApi() lists errors as problem documents, with the security scheme", () => {
  const { paths, components } = documentOf(people);
  const responses = paths["/people/{personId}"]?.["get"].responses;
  assert.deepEqual(Object.keys(responses), ["200", "400", "401", "403", "404", "429", "500", "503", "default"]);
  assert.deepEqual(responses["404"].content, {
    "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
  });
  assert.deepEqual(components.securitySchemes, { bearer: { type: "http", scheme: "bearer" } });
});

test("createOpenApi() describes streams with their item and their way to be resumed", () => {
  const watch = documentOf(people).paths["/people/watch"]?.["get"];
  const content = watch.responses["200"].content["text/event-stream"];
  const item = { type: "object", properties: { text: { type: "string" } }, required: ["text"] };
  assert.deepEqual(content["x-roost-item-schema"], { allOf: [item] });
  assert.ok(
    watch.parameters.some(
      (parameter: { name: string; in: string }) => parameter.name === "Last-Event-ID" && parameter.in === "header",
    ),
  );
});

test("createOpenApi() gives a schema its own component for input when it differs there, and all that refer to it", async () => {
  const Leaf = z.object({ size: z.number().default(1) }).meta({ id: "Leaf" });
  const Leaves = z.array(Leaf).meta({ id: "Leaves" });
  const Color = z.enum(["red", "green"]).meta({ id: "Color" });
  const Tree = z.object({ leaves: Leaves, color: Color }).meta({ id: "Tree" });
  const grow = defineOperation({
    id: "grow",
    method: "POST",
    path: "/trees",
    summary: "Grows a tree",
    input: z.object({ tree: Tree }),
    output: Tree,
    effect: "unsafe",
  });
  const document = documentOf(contractOf([grow]));
  const { schemas } = document.components;
  assert.deepEqual(Object.keys(schemas).toSorted(), [
    "Color",
    "Leaf",
    "LeafInput",
    "Leaves",
    "LeavesInput",
    "Problem",
    "Tree",
    "TreeInput",
  ]);
  assert.deepEqual(schemas["TreeInput"].properties, {
    leaves: { $ref: "#/components/schemas/LeavesInput" },
    color: { $ref: "#/components/schemas/Color" },
  });
  assert.deepEqual(schemas["LeavesInput"].items, { $ref: "#/components/schemas/LeafInput" });
  assert.equal(schemas["LeafInput"].additionalProperties, false);
  assert.deepEqual(schemas["Leaf"].required, ["size"]);
  assert.deepEqual(await new Validator().validate(document as never), { valid: true });
});

test("createOpenApi() refuses an example that its own operation would refuse", () => {
  const getPage = defineOperation({
    id: "getPage",
    method: "GET",
    path: "/pages/{id}",
    summary: "A page",
    input: z.object({ id: z.string().max(3) }),
    output: z.object({ text: z.string() }),
    effect: "readonly",
    examples: [{ summary: "Long", input: { id: "abcd" } }],
  });
  assert.throws(
    () => createOpenApi(defineService({ name: "pages", title: "Pages", operations: [getPage] }), { version: "1" }),
    /operation "getPage": its example "Long" is invalid/,
  );
});

test("createOpenApi() refuses relations that cannot be followed", () => {
  const Company = z.object({ id: z.string() }).meta({ id: "Company" });
  const Person = z.object({ id: z.string(), employerId: ref("Company").nullable(), note: z.string() });
  const get = { method: "GET", effect: "readonly" } as const;
  const operations = [
    defineOperation({
      ...get,
      id: "getPerson",
      path: "/people/{id}",
      summary: "A person",
      input: z.object({ id: z.string() }),
      output: z.object({ person: Person.meta({ id: "Person" }) }),
    }),
    defineOperation({
      ...get,
      id: "getCompany",
      path: "/companies/{id}",
      summary: "A company",
      input: z.object({ id: z.string() }),
      output: z.object({ company: Company }),
    }),
  ] as const;
  const relation: Relation = {
    from: "Person",
    name: "employer",
    field: "employerId",
    to: "Company",
    via: "getCompany",
  };
  const describe = (given: Partial<Relation>) =>
    documentOf(defineService({ name: "crm", title: "CRM", operations, relations: [{ ...relation, ...given }] }));
  assert.deepEqual((describe({}) as unknown as Record<string, unknown>)["x-relations"], [relation]);
  assert.throws(
    () => describe({ field: "note" }),
    /Person\.note is no ref\("Company"\), as its relation employer says/,
  );
  assert.throws(() => describe({ from: "Nobody" }), /Nobody\.employerId is no ref/);
  assert.throws(() => describe({ via: "getPerson" }), /getPerson answers with no Company/);
  assert.throws(
    () => describe({ key: "name" }),
    /Company has no field name, by which the relation Person\.employer finds it/,
  );
  assert.throws(
    () => describe({ inverse: { name: "staff", via: "listStaff" } }),
    /staff is read by listStaff, which is not one/,
  );
  assert.ok(
    describe({ service: "other", via: "anything" }),
    "what another service answers is seen where documents meet",
  );
  assert.ok(documentOf(roostContract).components.schemas["RunSummary"]);
});
