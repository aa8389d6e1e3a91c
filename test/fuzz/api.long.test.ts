/**
 * Every operation of Roost and of peeps but streams, called with what its document allows and with what it does not, files too: never a 5xx, only
 * statuses that it declares, answers that match their schemas or media types, and nothing invalid is taken.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isJsonObject, jsonObjectOf, type JsonObject, type JsonValue } from "@roost/base";
import { until } from "@roost/base/testing/until";
import {
  createValidator,
  readOpenApi,
  resolveReference,
  withDefinitions,
  type DescribedOperation,
  type OpenApiDocument,
} from "@roost/contract";
import { openTestService } from "@roost/service/testing";
import * as fc from "fast-check";
import { createTestGateway, type TestGateway } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { service as peeps } from "../../services/peeps/service.ts";
import { arbitraryOf, spoil } from "./arbitrary-of.ts";

const seed = 20_260_101;
const callsPerOperation = 25;
/** Each of these starts a process. */
const slow = new Set(["startRehearsal", "replayRun", "replayProjection"]);
const idsPerRecordMax = 50;
const faultsMax = 40;

test("Every operation of Roost answers as its document says, whatever it is sent", async () => {
  await using gateway = await createTestGateway();
  await gateway.client.defineJob({ jobId: "sweep", trigger: { kind: "manual" }, prompt: "Sweep" });
  await gateway.client.sendMessage({ sessionKey: "main", text: "hello" });
  const document = (await (await gateway.ask("/openapi.json")).json()) as OpenApiDocument;
  assert.deepEqual(await fuzz(gateway, { prefix: "/api/v1", document }), []);
});

test("Every operation of peeps answers as its document says, whatever it is sent", async () => {
  await using gateway = await createTestGateway();
  await using _service = await openTestService(peeps, gateway.test);
  const prefix = "/services/peeps";
  // What the gateway knows of services is a second old at most.
  const answer = await until(async () => {
    const asked = await gateway.ask(`${prefix}/openapi.json`);
    return asked.status !== 404 && asked;
  });
  assert.deepEqual(await fuzz(gateway, { prefix, document: (await answer.json()) as OpenApiDocument }), []);
});

interface Api {
  prefix: string;
  document: OpenApiDocument;
}

/** What was wrong, a line each. */
async function fuzz(gateway: TestGateway, api: Api): Promise<string[]> {
  const faults = new Set<string>();
  const ids = createIds();
  // Twice: the second time there is something to be found by what the first has made.
  for (const round of [0, 1]) {
    for (const operation of readOpenApi(api.document, { files: true })) {
      const count = slow.has(operation.id) ? 2 : callsPerOperation;
      for (const input of inputsOf(operation, { ids, count, seed: seed + round })) {
        const fault = await callOnce(gateway, { ...api, operation, input, ids });
        // The first of each operation says enough.
        if (fault !== undefined && faults.size < faultsMax) faults.add(`${operation.id} ${fault}`);
        if (fault !== undefined) break;
      }
    }
  }
  return [...faults];
}

function inputsOf(
  operation: DescribedOperation,
  { ids, count, seed: from }: { ids: Ids; count: number; seed: number },
): JsonObject[] {
  const valid = fc.sample(arbitraryOf(operation.input, { idOf: ids.pick }), {
    numRuns: count,
    seed: from,
  });
  const spoilt = valid
    .slice(0, Math.ceil(count / 2))
    .flatMap((one, index) => fc.sample(spoil(jsonObjectOf(one)), { numRuns: 1, seed: from + index }));
  return [...valid, ...spoilt]
    .filter(isJsonObject)
    .map((input) => (Object.hasOwn(input, "waitMs") ? { ...input, waitMs: 0 } : input));
}

interface Ids {
  pick(record: string): string | undefined;
  keep(value: JsonValue): void;
}

/** Ids that answers had, by the field that they stood in: `runId` is a Run's, an `id` is of any record. */
function createIds(): Ids {
  const found = new Map<string, string[]>();
  const add = (name: string, value: string) => {
    const all = found.get(name) ?? [];
    if (all.length < idsPerRecordMax && !all.includes(value)) found.set(name, [...all, value]);
  };
  let turn = 0;
  return {
    pick(record) {
      const all = [
        ...(found.get(`${record.toLowerCase()}id`) ?? []),
        ...(found.get("id") ?? []),
        ...(found.get("key") ?? []),
      ];
      turn += 1;
      return all[turn % Math.max(1, all.length)];
    },
    keep(value) {
      if (Array.isArray(value)) for (const each of value) this.keep(each);
      else if (isJsonObject(value))
        for (const [name, each] of Object.entries(value)) {
          if (typeof each === "string" && /^(?:id|key|name|.*Id)$/.test(name)) add(name.toLowerCase(), each);
          else this.keep(each);
        }
    },
  };
}

interface Call extends Api {
  operation: DescribedOperation;
  input: JsonObject;
  ids: Ids;
}

/** What is wrong with the answer; undefined: nothing. */
async function callOnce(
  gateway: TestGateway,
  { prefix, document, operation, input, ids }: Call,
): Promise<string | undefined> {
  const described = jsonObjectOf(
    jsonObjectOf(jsonObjectOf(document["paths"])[operation.path])[operation.method.toLowerCase()],
  );
  const request = requestOf(operation, input);
  if (request === undefined) return undefined;
  const sent =
    operation.contentField === undefined
      ? request.body !== undefined && { body: request.body, headers: { "content-type": "application/json" } }
      : fileFor(resolveReference(document, described["requestBody"]), input);
  const response = await gateway.ask(prefix + request.path, { method: operation.method, ...sent });
  const told = `${JSON.stringify(input).slice(0, 300)}: status ${response.status}`;
  const text = await response.text();
  // A busy machine may let the process of one of these run out of its minute.
  if (response.status === 504 && slow.has(operation.id)) return undefined;
  if (response.status >= 500) return `${told}: ${text.slice(0, 300)}`;
  const declared = jsonObjectOf(described["responses"])[String(response.status)];
  if (declared === undefined) return `${told} is not declared: ${text.slice(0, 200)}`;
  const content = jsonObjectOf(resolveReference(document, declared)["content"]);
  const type = response.headers.get("content-type")?.split(";")[0] ?? "";
  if (response.ok && operation.answersContent !== undefined)
    return type in content || "*/*" in content ? undefined : `${told} is ${type}, which is not declared`;
  const answer = JSON.parse(text) as JsonValue;
  const { schema } = jsonObjectOf(Object.values(content)[0]);
  const complaints = complaintsOf(document, jsonObjectOf(schema), answer);
  if (complaints.length > 0) return `${told} does not match: ${complaints.slice(0, 3).join("; ")}`;
  if (!response.ok) return undefined;
  ids.keep(answer);
  const refused = request.body === undefined ? [] : createValidator(operation.input)(asSent(operation, input));
  return refused.length === 0 ? undefined : `${told} though it is not valid: ${refused.slice(0, 3).join("; ")}`;
}

const pieces = [
  "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ida\r\nEND:VCARD\r\n",
  "Name,E-mail 1 - Value\nIda,i@example.org\n",
  '{"id":1}\n',
];

/** A file of a kind that the operation takes, or of none: what it holds is drawn from its other input, so that each call has another. */
function fileFor(body: JsonObject, input: JsonObject) {
  const drawn = Array.from(JSON.stringify(input)).reduce(
    (sum, each) => (sum * 31 + each.codePointAt(0)!) % 1_000_003,
    7,
  );
  const types = [...Object.keys(jsonObjectOf(body["content"])), "text/x-unknown"];
  const bytes = fc.sample(fc.uint8Array({ maxLength: 2_000 }), { numRuns: 1, seed: drawn })[0]!;
  const text = pieces[drawn % (pieces.length + 1)];
  const type = types[drawn % types.length]!;
  return {
    body:
      text === undefined ? new Uint8Array(bytes) : new TextEncoder().encode(text + String.fromCharCode(drawn % 200)),
    headers: { "content-type": type === "*/*" ? "application/octet-stream" : type },
  };
}

/** What stands in a path is text, whatever it was before. */
function asSent({ path }: DescribedOperation, input: JsonObject): JsonObject {
  const entries = Object.entries(input).map(([name, value]) => [
    name,
    path.includes(`{${name}}`) ? String(value) : value,
  ]);
  return Object.fromEntries(entries) as JsonObject;
}

const whole = new Map<string, JsonObject>();

function complaintsOf(document: OpenApiDocument, schema: JsonObject, answer: JsonValue): string[] {
  const key = `${String(document["x-roost-service"])} ${JSON.stringify(schema)}`;
  const made = whole.get(key) ?? withDefinitions(schema, jsonObjectOf(jsonObjectOf(document["components"])["schemas"]));
  whole.set(key, made);
  return createValidator(made)(answer);
}

/** Undefined where a path has no place for the value: that would be another path. */
function requestOf(operation: DescribedOperation, input: JsonObject): { path: string; body?: string } | undefined {
  const rest = new Map(Object.entries(input));
  let isPlaced = true;
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_match, name: string) => {
    const value = rest.get(name);
    rest.delete(name);
    const isPiece =
      (typeof value === "string" || typeof value === "number" || typeof value === "boolean") &&
      !["", ".", ".."].includes(String(value));
    if (!isPiece || !String(value).isWellFormed()) isPlaced = false;
    return isPiece ? encodeURIComponent(String(value).toWellFormed()) : "";
  });
  if (!isPlaced || path.length > 4_000) return undefined;
  if (operation.method !== "GET" && operation.method !== "DELETE" && operation.contentField === undefined)
    return { path, body: JSON.stringify(Object.fromEntries(rest)) };
  const pairs = [...rest].flatMap(([name, value]) =>
    [value]
      .flat()
      .map((each) => [name, typeof each === "string" ? each.toWellFormed() : JSON.stringify(each)] as [string, string]),
  );
  const query = new URLSearchParams(pairs).toString();
  return query.length > 4_000 ? undefined : { path: query === "" ? path : `${path}?${query}` };
}
