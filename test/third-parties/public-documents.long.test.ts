/**
 * Documents of eleven makers, whole: which of their operations can be called, that what is drawn from their schemas is sent where it belongs, and what
 * is known to break readers. The servers themselves are not called.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson, isJsonObject, jsonObjectOf, type JsonObject, type JsonValue } from "@roost/base";
import { createValidator, type OpenApiDocument } from "@roost/contract";
import {
  buildRequest,
  type BuiltRequest,
  describeOperations,
  placeSecret,
  type ThirdPartyOperation,
} from "@roost/openapi";
import { readDocument, reduceDocument } from "@roost/openapi/reduce";
import * as fc from "fast-check";
import { arbitraryOf } from "../fuzz/arbitrary-of.ts";
import { openPublicDocuments } from "./public-documents.ts";

const opened = await openPublicDocuments();
const { skip = false } = opened as { skip?: string };
const read = async (maker: string) =>
  readDocument(await (opened as { read: (maker: string) => Promise<string> }).read(maker));

const seed = 20_260_103;
const inputsPerOperation = 5;
const operationsAtOnce = 60;
const methods = ["get", "head", "put", "post", "patch", "delete"];

/** A home takes at most three hundred operations of a document: all of one are taken in turns. */
function* choicesOf(document: OpenApiDocument): Generator<string[] | undefined> {
  const ids = Object.values(document["paths"] as JsonObject)
    .flatMap((item) => methods.map((method) => jsonObjectOf(jsonObjectOf(item)[method])["operationId"]))
    .filter((id) => typeof id === "string");
  // Short ones as they are: some of their operations have no ids, or twice the same.
  if (ids.length < 2 * operationsAtOnce) return yield undefined;
  for (let at = 0; at < ids.length; at += operationsAtOnce) yield ids.slice(at, at + operationsAtOnce);
}

interface Reduced {
  server: string;
  document: OpenApiDocument;
  operations: ThirdPartyOperation[];
  leftOut: { id: string; why: string }[];
}

async function reduceAll(maker: string): Promise<Reduced[]> {
  const { document } = await read(maker);
  return [...choicesOf(document)].map((only) => {
    const {
      document: small,
      server,
      leftOut,
    } = reduceDocument(document, {
      name: maker.toLowerCase(),
      server: servers[maker],
      only,
    });
    return { server, document: small, operations: describeOperations(small), leftOut };
  });
}

/** Of those that name none. */
const servers: Record<string, string> = { LlamaIndex: "https://api.cloud.llamaindex.ai" };

/** How many can be called, and the reasons why the others cannot. */
const expected: Record<string, { called: number; leftOut: Record<string, number> }> = {
  GitHub: { called: 1_222, leftOut: { "https://uploads.github.com": 1 } },
  Stripe: { called: 451, leftOut: { "https://files.stripe.com/": 1 } },
  Box: {
    called: 247,
    leftOut: {
      "https://account.box.com/api/oauth2": 1,
      "https://upload.box.com/api/2.0": 9,
      "https://dl.boxcloud.com/2.0": 1,
    },
  },
  DigitalOcean: { called: 290, leftOut: {} },
  Plaid: { called: 200, leftOut: {} },
  Asana: { called: 167, leftOut: {} },
  Vercel: { called: 113, leftOut: {} },
  Intellifi: { called: 77, leftOut: {} },
  Twilio: { called: 197, leftOut: {} },
  GitBook: { called: 377, leftOut: {} },
  LlamaIndex: { called: 209, leftOut: {} },
};

for (const [maker, { called, leftOut }] of Object.entries(expected))
  test(`readDocument() and buildRequest() take all of ${maker}: ${called} operations`, { skip }, async () => {
    const reduced = await reduceAll(maker);
    const left = reduced.flatMap((one) => one.leftOut.map(({ why }) => /it is called at (\S+),/.exec(why)?.[1] ?? why));
    const counts = Object.entries(Object.groupBy(left, (host) => host)).map(([host, all]) => [host, all?.length]);
    assert.deepEqual(Object.fromEntries(counts), leftOut);
    const operations = reduced.flatMap((one) => one.operations.map((operation) => ({ operation, server: one.server })));
    assert.equal(operations.length, called);
    assert.equal(new Set(operations.map(({ operation }) => operation.id)).size, called, "each has a name of its own");
    const faults: string[] = [];
    let drawn = 0;
    for (const { operation, server } of operations) {
      const inputs = inputsOf(operation);
      if (inputs.length > 0) drawn += 1;
      for (const input of inputs) faults.push(...faultsOf(operation, { input, server }));
    }
    assert.deepEqual(faults.slice(0, 10), []);
    assert.ok(drawn / called > 0.85, `of ${called} operations, valid input was drawn for ${drawn}`);
  });

function inputsOf(operation: ThirdPartyOperation): JsonObject[] {
  const validate = createValidator(operation.input);
  return fc
    .sample(arbitraryOf(operation.input, { idOf: () => undefined }), { numRuns: inputsPerOperation, seed })
    .filter(isJsonObject)
    .filter((input) => validate(input).length === 0);
}

/** What stands in the request, read back by means of the platform. */
function faultsOf(operation: ThirdPartyOperation, { input, server }: { input: JsonObject; server: string }): string[] {
  let built;
  try {
    built = buildRequest(operation, input, { server, secrets: [] });
  } catch (error) {
    // A header or a piece of a path takes less than its schema says.
    const { code, message } = error as { code?: string; message: string };
    return code === "invalid_input" && /cannot be|sent as a header/.test(message)
      ? []
      : [`${operation.id}: ${message}`];
  }
  const request = new Request(built.url, { method: built.method, headers: built.headers, body: built.body ?? null });
  const url = new URL(request.url);
  const faults: string[] = [];
  const expect = (what: string, actual: unknown, value: unknown) => {
    if (actual !== value) faults.push(`${operation.id} ${what}: ${String(actual)} for ${String(value)}`);
  };
  for (const { field, name, place } of operation.fields) {
    const value = input[field];
    if (!isScalar(value)) continue;
    if (place === "query") expect(name, url.searchParams.get(name), String(value));
    if (place === "header") expect(name, request.headers.get(name), String(value).trim());
    if (place === "cookie") expect(name, cookiesOf(built).get(name), String(value));
    if (place === "path")
      expect(name, url.pathname.split("/").map(decodeURIComponent).join("/").includes(String(value)), true);
  }
  const { body } = operation;
  if (body === undefined || typeof built.body !== "string") return faults;
  const given =
    body.field === undefined
      ? Object.fromEntries(body.fields.flatMap((name) => (input[name] === undefined ? [] : [[name, input[name]]])))
      : input[body.field];
  if (body.mediaType === "application/x-www-form-urlencoded") {
    const form = new URLSearchParams(built.body);
    for (const [name, value] of Object.entries(given as JsonObject))
      if (isScalar(value)) expect(name, form.get(name), String(value));
  } else if (body.mediaType.endsWith("json"))
    expect("body", canonicalJson(JSON.parse(built.body) as JsonValue), canonicalJson(given!));
  return faults;
}

function cookiesOf({ headers }: BuiltRequest): Map<string, string> {
  const pairs = (headers["cookie"] ?? "").split("; ").map((pair) => /^([^=]*)=(.*)$/s.exec(pair) ?? []);
  return new Map(pairs.map(([, name = "", value = ""]) => [name, decodeURIComponent(value)]));
}

function isScalar(value: JsonValue | undefined): value is string | number | boolean {
  return value !== undefined && value !== null && typeof value !== "object";
}

interface Chosen {
  /** What its schema says against an input. */
  complaints: string;
  built: BuiltRequest;
}

/** One operation as an agent has it, called with these secrets. */
async function choose(
  maker: string,
  { id, input, secrets = {} }: { id: string; input: JsonObject; secrets?: Record<string, string> },
): Promise<Chosen> {
  const { document } = await read(maker);
  const { document: small, server } = reduceDocument(document, { name: "it", server: servers[maker], only: [id] });
  const [operation] = describeOperations(small);
  const placed = Object.entries(secrets).map(([scheme, value]) => ({ placed: placeSecret(small, scheme), value }));
  return {
    complaints: createValidator(operation!.input)(input).join("; "),
    built: buildRequest(operation!, input, { server, secrets: placed }),
  };
}

const decoded = ({ built }: Chosen) => decodeURIComponent(String(built.body).replaceAll("+", " "));

test("Forms of Stripe and Twilio are written as their servers read them", { skip }, async () => {
  const payment = await choose("Stripe", {
    id: "PostPaymentIntents",
    input: { amount: 2_000, currency: "eur", payment_method_types: ["card", "link"], metadata: { order: "6 & 7" } },
    secrets: { bearerAuth: "sk_1" },
  });
  assert.equal(payment.complaints, "");
  assert.equal(
    decoded(payment),
    "amount=2000&currency=eur&payment_method_types[0]=card&payment_method_types[1]=link&metadata[order]=6 & 7",
  );
  assert.equal(payment.built.headers["authorization"], "Bearer sk_1");
  const message = await choose("Twilio", {
    id: "CreateMessage",
    input: { AccountSid: `AC${"0".repeat(32)}`, To: "+31 6", Body: "a=b" },
    secrets: { accountSid_authToken: "AC0:token" },
  });
  assert.equal(decoded(message), "To=+31 6&Body=a=b");
  assert.match(message.built.headers["authorization"] ?? "", /^Basic /);
});

test(
  "allOf of DigitalOcean and Box, a circle of GitBook, and a choice of GitHub are told apart from what they refuse",
  { skip },
  async () => {
    const action = (body: JsonObject) =>
      choose("DigitalOcean", { id: "dropletActions_post", input: { droplet_id: 1, body } });
    assert.equal((await action({ type: "resize", size: "s-2vcpu-2gb", disk: true })).complaints, "");
    assert.match((await action({ type: "explode" })).complaints, /body/);
    const claims = (deepest: JsonValue) => {
      const nest = (inner: JsonValue): JsonObject => ({
        type: "object",
        description: "",
        properties: { inner },
        additionalProperties: false,
      });
      const unsigned = { ...nest(nest(nest(deepest))), description: "Unsigned claims of the site visitor." };
      const jsonSchema = { type: "object", properties: { unsigned }, additionalProperties: false };
      return choose("GitBook", {
        id: "updateSiteAdaptiveSchema",
        input: { organizationId: "o", siteId: "s", jsonSchema },
      });
    };
    assert.equal((await claims({ type: "string", description: "" })).complaints, "");
    assert.match((await claims({ type: "sting", description: "" })).complaints, /inner/);
    const issue = (title: JsonValue) =>
      choose("GitHub", { id: "issues/create", input: { owner: "o", repo: "r", title } });
    assert.deepEqual([(await issue("Broken")).complaints, (await issue(5)).complaints], ["", ""]);
    assert.match((await issue([])).complaints, /title/);
  },
);

test(
  "A header of Box, its operations on other paths and with fragments, and cookies of LlamaIndex and Intellifi are sent where they belong",
  { skip },
  async () => {
    const rename = await choose("Box", { id: "put_files_id", input: { file_id: "1", "if-match": "7", name: "a" } });
    assert.deepEqual(
      [rename.complaints, rename.built.headers["if-match"], rename.built.body],
      ["", "7", '{"name":"a"}'],
    );
    const token = await choose("Box", { id: "post_oauth2_revoke", input: { token: "t" } });
    assert.equal(token.built.url, "https://api.box.com/oauth2/revoke");
    const shared = await choose("Box", {
      id: "get_files_id#get_shared_link",
      input: { file_id: "1", fields: "shared_link" },
    });
    assert.equal(shared.built.url, "https://api.box.com/2.0/files/1?fields=shared_link");
    const projects = await choose("LlamaIndex", {
      id: "list_projects_api_v1_projects_get",
      input: { session: "s=1; x", project_name: "a" },
    });
    assert.deepEqual(
      [projects.complaints, projects.built.headers["cookie"], projects.built.url],
      ["", "session=s%3D1%3B%20x", "https://api.cloud.llamaindex.ai/api/v1/projects?project_name=a"],
    );
    const { document } = await read("Intellifi");
    const { document: small, server } = reduceDocument(document, { name: "it" });
    const secrets = [{ placed: placeSecret(small, "CookieSid"), value: "s=1; x" }];
    const items = describeOperations(small).find(({ method, path }) => method === "GET" && path === "/items");
    assert.equal(buildRequest(items!, {}, { server, secrets }).headers["cookie"], "brain.sid=s%3D1%3B%20x");
  },
);
