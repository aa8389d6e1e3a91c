/** A document with what is known to break readers, from its text to requests. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject, RoostError } from "@roost/base";
import { createValidator } from "@roost/contract";
import { stringify } from "yaml";
import { buildRequest, fileIdsOf } from "./calls/build-request.ts";
import { placedSecretsOf, placeSecret } from "./calls/place-secrets.ts";
import { describeOperations, type ThirdPartyOperation } from "./describe-operations.ts";
import { readDocument } from "./documents/read-document.ts";
import { reduceDocument, type ReduceOptions } from "./documents/reduce-document.ts";

const refTo = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: object) => ({ content: { "application/json": { schema } } });
const done = { responses: { "200": { description: "done" } } };
const whole = {
  openapi: "3.0.3",
  info: { title: "The <b>Shop</b> API", version: "7" },
  servers: [{ url: "https://{region}.shop.example/v1/", variables: { region: { default: "eu" } } }],
  security: [{ token: [] }],
  paths: {
    "/items/{item_id}": {
      parameters: [{ $ref: "#/components/parameters/item" }],
      get: {
        operationId: "items/get",
        summary: "One item",
        parameters: [
          { name: "X-Trace", in: "header", schema: { type: "string" } },
          { name: "session", in: "cookie", schema: { type: "string" } },
          { name: "Authorization", in: "header", schema: { type: "string" } },
          { name: "page[size]", in: "query", schema: { type: "integer", minimum: 0, exclusiveMinimum: true } },
          { name: "tags", in: "query", schema: { type: "array", items: { type: "string" } } },
          { name: "ids", in: "query", explode: false, schema: { type: "array", items: { type: "integer" } } },
          { name: "filter", in: "query", style: "deepObject", schema: { type: "object" } },
          { name: "query", in: "query", content: { "application/json": { schema: { type: "object" } } } },
        ],
        ...done,
      },
      put: {
        operationId: "items/put",
        description: "Replaces [an item](https://docs.example/items).\n\nMore of it.",
        requestBody: {
          required: true,
          ...json({
            allOf: [
              refTo("Item"),
              { type: "object", required: ["price"], properties: { price: { type: "number", nullable: true } } },
            ],
          }),
        },
        ...done,
      },
      delete: { security: [], ...done },
    },
    "/charges": {
      post: {
        operationId: "PostCharges",
        requestBody: {
          content: {
            "application/x-www-form-urlencoded": {
              encoding: { expand: { style: "deepObject", explode: true } },
              schema: {
                type: "object",
                required: ["amount"],
                properties: {
                  amount: { type: "integer" },
                  expand: { type: "array", items: { type: "string" } },
                  card: {
                    type: "object",
                    properties: { number: { type: "string" }, months: { type: "array", items: { type: "integer" } } },
                  },
                },
              },
            },
          },
        },
        ...done,
      },
    },
    "/shapes": {
      post: {
        operationId: "draw",
        requestBody: json({
          oneOf: [refTo("Circle"), refTo("Square")],
          discriminator: { propertyName: "kind", mapping: { circle: "#/components/schemas/Circle" } },
        }),
        ...done,
      },
    },
    "/photos": {
      post: {
        operationId: "upload",
        requestBody: { required: true, content: { "application/octet-stream": {} } },
        ...done,
      },
    },
    "/lost/{item}": { get: { operationId: "lose", ...done } },
    "/files": { get: { operationId: "download", servers: [{ url: "https://files.example" }], ...done } },
    "/items#search": { get: { operationId: "search", parameters: [{ name: "q", in: "query", schema: {} }], ...done } },
    "/login": {
      post: {
        operationId: "login",
        servers: [{ url: "/{area}/", variables: { area: { default: "session" } } }],
        ...done,
      },
    },
    "/a-path-without-an-id/that-is/much-longer/than-the-name/of-a-tool-may-be": { get: { ...done } },
  },
  components: {
    parameters: {
      item: { name: "item_id", in: "path", required: true, description: "Of the item", schema: { type: "string" } },
    },
    securitySchemes: {
      token: { type: "http", scheme: "bearer" },
      login: { type: "http", scheme: "basic" },
      key: { type: "apiKey", in: "query", name: "api_key" },
    },
    schemas: {
      Item: {
        type: "object",
        required: ["id", "label"],
        properties: {
          id: { type: "string", readOnly: true },
          label: { type: "string", pattern: "[\\w-.]+", example: "Tea" },
          $id: { type: "string" },
          example: { type: "string" },
          parts: { type: "array", items: refTo("Item") },
          owner: {
            $ref: "#/paths/~1charges/post/requestBody/content/application~1x-www-form-urlencoded/schema/properties/card",
          },
        },
        example: { id: { $id: "x" } },
      },
      Circle: {
        type: "object",
        required: ["kind"],
        properties: { kind: { type: "string", enum: ["circle"] }, radius: { type: "number" } },
      },
      Square: { type: "object", required: ["kind"], properties: { kind: { type: "string", enum: ["square"] } } },
    },
  },
};

async function reduce(options: Partial<ReduceOptions> = {}, document: object = whole) {
  const read = await readDocument(JSON.stringify(document));
  const reduced = reduceDocument(read.document, { name: "shop", ...options });
  return { ...reduced, operations: new Map(describeOperations(reduced.document).map((one) => [one.id, one])) };
}

function complaints(operation: ThirdPartyOperation | undefined, given: JsonObject): string {
  return createValidator(operation!.input)(given).join("; ");
}

test("readDocument() reads JSON and YAML, and refuses what is no valid OpenAPI 3 with the reason", async () => {
  const { document, hash } = await readDocument(JSON.stringify(whole));
  assert.equal(hash.length, 64);
  assert.deepEqual((await readDocument(stringify(whole))).document, document);
  const { paths: _, ...torn } = whole;
  const refused: [string, RegExp][] = [
    [JSON.stringify({ swagger: "2.0" }), /version 2\.0: 3\.0 and 3\.1 are read/],
    [JSON.stringify(torn), /not valid OpenAPI 3\.0\.3: .*paths/],
    ["- a list", /is no object/],
    ["{", /neither JSON nor YAML/],
    ["a: &a [*a]", /neither JSON nor YAML: .*circular/],
    [`a: &a [1,1]\nb: &b [${"*a,".repeat(200)}]\nc: [${"*b,".repeat(200)}]`, /neither JSON nor YAML: .*alias/],
  ];
  for (const [text, message] of refused) await assert.rejects(readDocument(text), { code: "invalid_input", message });
});

test("reduceDocument() makes a whole small document, guesses effects, and says what cannot be called from here", async () => {
  const { document, title, server, leftOut, operations } = await reduce();
  assert.deepEqual([title, server], ["The Shop API", "https://eu.shop.example/v1"]);
  assert.deepEqual(leftOut, [
    { id: "lose", why: "its path needs item, which the document does not describe" },
    { id: "download", why: "it is called at https://files.example, not at the service's server" },
  ]);
  const nameless = "get_a-path-without-an-id_that-is_much-longer_than-th_";
  const effects = [...operations.values()].map(({ id, effect }) => [id.replace(/_[0-9a-f]{6}$/, "_"), effect]);
  assert.deepEqual(effects, [
    ["items_get", "readonly"],
    ["items_put", "idempotent"],
    ["delete_items_item_id", "idempotent"],
    ["PostCharges", "unsafe"],
    ["draw", "unsafe"],
    ["upload", "unsafe"],
    ["search", "readonly"],
    ["login", "unsafe"],
    [nameless, "readonly"],
  ]);
  assert.equal(
    [...operations.keys()].every((id) => `shop_${id}`.length <= 64),
    true,
  );
  const put = operations.get("items_put");
  assert.deepEqual([put?.summary, put?.description], ["Replaces an item.", "Replaces an item."]);
  assert.deepEqual(put!.input["required"], ["item_id", "label", "price"]);
  const item = {
    item_id: "1",
    label: "Tea",
    price: null,
    parts: [{ label: "Leaf", parts: [] }],
    owner: { number: "4" },
  };
  assert.equal(complaints(put, item), "");
  assert.match(complaints(put, { ...item, parts: [{ label: 1 }], id: "x" }), /unknown field "id"; .*parts\.0\.label/);
  assert.match(complaints(operations.get("items_get"), { item_id: "1", page_size: 0 }), /page_size: must be > 0/);
  assert.equal(complaints(operations.get("draw"), { body: { kind: "circle", radius: 1 } }), "");
  assert.match(complaints(operations.get("draw"), { body: { kind: "line" } }), /body/);
  assert.doesNotMatch(JSON.stringify(document), /discriminator|readOnly|Tea|nullable/);
  assert.equal((await readDocument(JSON.stringify(document))).document["openapi"], "3.1.0");
});

test("reduceDocument() takes what is chosen, keeps what was chosen before, and refuses what is not there", async () => {
  const first = await reduce({ only: ["items/*"], effects: { "items/put": "unsafe" } });
  assert.deepEqual(
    [...first.operations].map(([id, { effect }]) => [id, effect]),
    [
      ["items_get", "readonly"],
      ["items_put", "unsafe"],
    ],
  );
  const kept = [...first.operations.values(), { id: "gone", effect: "unsafe" as const }];
  const again = await reduce({ kept });
  assert.deepEqual(again.document, first.document);
  assert.deepEqual(again.leftOut, [{ id: "gone", why: "the document has it no more" }]);
  await assert.rejects(reduce({ only: ["itmes/*"] }), { code: "not_found", message: /no operation "itmes/ });
  await assert.rejects(reduce({ only: ["download"] }), {
    code: "invalid_input",
    message: /download: it is called at/,
  });
  await assert.rejects(reduce({}, { ...whole, servers: [{ url: "/v1" }] }), {
    code: "invalid_input",
    message: /says "\/v1" for its server.*--server/,
  });
  await assert.rejects(reduce({ server: "https://me:pass@shop.example" }), { code: "invalid_input" });
  const many = Object.fromEntries(
    Array.from({ length: 301 }, (_, index) => [`/p${index}`, { get: { operationId: `op${index}`, ...done } }]),
  );
  await assert.rejects(reduce({}, { ...whole, paths: { ...whole.paths, ...many } }), {
    code: "limit_exceeded",
    message: /312 operations \(limit 300\): choose with --only/,
  });
});

test("buildRequest() sends each field where it belongs, and nowhere else", async () => {
  const { operations, server, document } = await reduce({ server: "https://shop.example/v1" });
  const build = (id: string, input: JsonObject, secrets: Record<string, string> = {}) =>
    buildRequest(operations.get(id)!, input, {
      server,
      secrets: Object.entries(secrets).map(([scheme, value]) => ({ placed: placeSecret(document, scheme), value })),
    });
  const get = build(
    "items_get",
    {
      item_id: "a/b ?",
      X_Trace: "t",
      "X-Trace": "t1",
      session: "s s",
      page_size: 5,
      tags: ["x", "y&"],
      ids: [1, 2],
      filter: { a: { b: [1] } },
      query: { c: 1 },
    },
    { token: "s3cret", key: "k" },
  );
  assert.equal(
    get.url,
    "https://shop.example/v1/items/a%2Fb%20%3F?page%5Bsize%5D=5&tags=x&tags=y%26&ids=1%2C2&filter%5Ba%5D%5Bb%5D%5B0%5D=1&query=%7B%22c%22%3A1%7D&api_key=k",
  );
  assert.deepEqual(
    [get.headers["x-trace"], get.headers["cookie"], get.headers["authorization"], get.body],
    ["t1", "session=s%20s", "Bearer s3cret", undefined],
  );
  assert.equal(
    build("items_get", { item_id: "1" }, { login: "me:pass" }).headers["authorization"],
    "Basic bWU6cGFzcw==",
  );
  assert.equal(build("items_get", { item_id: "1" }, { "header:X-Key": "k" }).headers["x-key"], "k");
  const put = build("items_put", { item_id: "1", label: "Tea", price: null });
  assert.deepEqual(
    [put.method, put.body, put.headers["content-type"]],
    ["PUT", '{"label":"Tea","price":null}', "application/json"],
  );
  const charge = build("PostCharges", { amount: 5, expand: ["a", "b"], card: { number: "4 2", months: [1, 2] } });
  assert.equal(
    decodeURIComponent(String(charge.body)),
    "amount=5&expand[0]=a&expand[1]=b&card[number]=4 2&card[months][0]=1&card[months][1]=2",
  );
  assert.equal(build("search", { q: "a" }).url, "https://shop.example/v1/items?q=a", "a fragment is not sent");
  assert.equal(
    build("login", {}).url,
    "https://shop.example/session/login",
    "an operation may have a server's path of its own",
  );
  assert.equal(build("draw", { body: { kind: "square" } }).body, '{"kind":"square"}');
  for (const [id, input] of [
    ["items_get", { item_id: ".." }],
    ["items_get", { item_id: "" }],
    ["items_get", {}],
    ["items_get", { item_id: "1", "X-Trace": "a\r\nb: c" }],
  ] as const)
    assert.throws(
      () => build(id, input),
      (error: RoostError) => error.code === "invalid_input",
    );
});

test("buildRequest() sends a form of several parts with several files, which are named by their ids", async () => {
  const bytes = { type: "string", format: "binary" };
  const form = {
    type: "object",
    required: ["images"],
    properties: {
      images: { type: "array", items: { $ref: "#/components/schemas/Bytes" }, description: "What to join." },
      mask: { anyOf: [{ type: "string", contentMediaType: "application/octet-stream" }, { type: "null" }] },
      size: { type: "integer" },
      "tags[]": { type: "array", items: { type: "string" } },
      options: { type: "object", properties: { dark: { type: "boolean" } } },
    },
  };
  const post = { operationId: "join", requestBody: { content: { "multipart/form-data": { schema: form } } }, ...done };
  const given = { ...whole, openapi: "3.1.0", paths: { "/join": { post } }, components: { schemas: { Bytes: bytes } } };
  const { operations, server, leftOut } = await reduce({}, given);
  const join = operations.get("join")!;
  assert.deepEqual(leftOut, []);
  const [one, other] = ["#0123456789ab", "fedcba9876543210"];
  const input = { body: { images: [one, other], mask: one, size: 2, "tags[]": ["a", "b"], options: { dark: true } } };
  assert.equal(complaints(join, input), "");
  assert.match(complaints(join, { body: { images: ["/etc/passwd"] } }), /images\.0: must match pattern/);
  assert.match(JSON.stringify(join.input), /What to join|A file: the id of a part of this conversation/);
  assert.deepEqual(fileIdsOf(join, input), [one, other]);
  const fileOf = (name: string) => ({ name, mediaType: "image/png", bytes: new TextEncoder().encode(name) });
  const files = new Map([one, other].map((id) => [id, fileOf(`${id}.png`)]));
  const { body, headers } = buildRequest(join, input, { server, secrets: [], files });
  assert.ok(body instanceof FormData && headers["content-type"] === undefined);
  const sent = [...body].map(([name, value]) => [
    name,
    typeof value === "string" ? value : `${value.name} ${value.type}`,
  ]);
  assert.deepEqual(sent, [
    ["images", `${one}.png image/png`],
    ["images", `${other}.png image/png`],
    ["mask", `${one}.png image/png`],
    ["size", "2"],
    ["tags[]", "a"],
    ["tags[]", "b"],
    ["options", '{"dark":true}'],
  ]);
});

test("placedSecretsOf() takes the first way of an operation for which all secrets are there, and names the one that is missing", async () => {
  const { operations, document } = await reduce();
  const schemesOf = (id: string, given: string[]) =>
    placedSecretsOf(operations.get(id)!, { document, given }).map(({ scheme }) => scheme);
  assert.deepEqual(schemesOf("items_get", ["token"]), ["token"]);
  assert.deepEqual(schemesOf("delete_items_item_id", ["token"]), []);
  assert.deepEqual(schemesOf("items_get", ["bearer"]), ["bearer"]);
  assert.throws(() => schemesOf("items_get", []), {
    code: "unauthenticated",
    message: /items_get needs a secret for token.*--secret token=env:NAME/,
  });
  const { tokenUrl, scopes } = placeSecret(document, "client:https://login.example/token#https://a.example/.default+b");
  assert.deepEqual([tokenUrl, scopes], ["https://login.example/token", ["https://a.example/.default", "b"]]);
  assert.throws(() => placeSecret(document, "tokne"), { code: "invalid_input", message: /"tokne" is no scheme/ });
});
