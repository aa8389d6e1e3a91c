/**
 * Promise 12: whatever the contract takes is stored, listed, fired, paused, changed and removed again. Values are drawn from the schemas
 * themselves, at their edges, over HTTP; what is refused is refused by a problem document that names the field.
 */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { toJsonSchema, type JsonSchema } from "@roost/contract";
import { defineJob, KeyText, Name, Reason, SessionKey, Subject, Text } from "@roost/contract/operations";
import { fireDueTicks } from "@roost/jobs";
import { createTestGateway, type TestGateway } from "../../apps/gateway/src/testing/create-test-gateway.ts";

const seed = 20_261_129;

const moments = [
  "1970-01-01T00:00:00+23:59",
  "1970-01-01T00:00:00Z",
  "9998-12-31T23:59:59.999-23:59",
  "2026-03-02T10:00:30Z",
  "0001-01-01T00:00:00Z",
  "9999-12-31T23:59:59-23:59",
];
/** What a pattern or a rule beside the schema asks for, by the field's name. */
const written: Record<string, string[]> = {
  timeZone: ["UTC", "Europe/Berlin", "+05:45", "Mars/Base"],
  expression: ["* * * * *", "*/10 * * * * *", "@hourly", "0 0 29 2 *", "never"],
  eventType: ["state.changed", "no.such"],
  agent: ["main", "nobody-here"],
  tools: ["notify", "http_fetch", "no_such_tool"],
  every: ["1s", "100w", "5217w", "36600d", "90x"],
  per: ["1ms", "31d", "32d"],
  quiet: ["1ms", "7d", "8d"],
  maxWait: ["1s", "7d"],
  maxAge: ["1ms", "7d"],
  start: ["00:00", "24:00", "8"],
  end: ["00:00", "24:00", "23:59"],
};
const fillings = ["a", "😀", "é", "my queue ", "{event.data.x}", "\u0001", "\ufffd", "\\", "'", "%00", "../"];

/** Mostly within, now and then beside: a definition of twenty fields is to be accepted more often than not. */
function edges<Value>(within: Value[], beside: Value[]): fc.Arbitrary<Value> {
  return fc.oneof(
    { weight: 60, arbitrary: fc.constantFrom(...within) },
    { weight: 1, arbitrary: fc.constantFrom(...beside) },
  );
}

/** Values of a JSON Schema at its edges, and beside them. */
function arbitraryOf(schema: JsonSchema, definitions: JsonSchema, name = ""): fc.Arbitrary<unknown> {
  const below = (part: unknown, its = name) => arbitraryOf(part as JsonSchema, definitions, its);
  if (typeof schema["$ref"] === "string") return below(definitions[schema["$ref"].replace("#/$defs/", "")]);
  if ("const" in schema) return fc.constant(schema["const"]);
  if (Array.isArray(schema["enum"])) return fc.constantFrom(...(schema["enum"] as unknown[]));
  const either = (schema["anyOf"] ?? schema["oneOf"]) as unknown[] | undefined;
  if (either !== undefined) return fc.oneof(...either.map((part) => below(part)));
  const [type, ...more] = [schema["type"]].flat();
  if (more.length > 0) return fc.oneof(...[type, ...more].map((one) => below({ ...schema, type: one! })));
  switch (type) {
    case "string":
      if (schema["format"] === "date-time") return edges(moments.slice(0, -2), moments.slice(-2));
      return written[name] === undefined ? textsOf(schema) : edges(written[name].slice(0, -1), written[name].slice(-1));
    case "integer":
    case "number": {
      const min = Number(schema["minimum"] ?? 0);
      const max = Number(schema["maximum"] ?? 1e15);
      return edges([min, max, min + 1, max - 1, ...(type === "number" ? [min + 0.1] : [])], [min - 1, max + 1]);
    }
    case "boolean":
      return fc.constantFrom(true, true, false);
    case "array":
      return fc.array(below(schema["items"] ?? {}), { minLength: Number(schema["minItems"] ?? 0), maxLength: 3 });
    case "object":
      return objectsOf(schema, below);
    default:
      return fc.constant(null);
  }
}

function objectsOf(
  schema: JsonSchema,
  below: (part: unknown, name?: string) => fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  const fields = (schema["properties"] ?? {}) as Record<string, unknown>;
  if (Object.keys(fields).length === 0) {
    const values = typeof schema["additionalProperties"] === "object" ? schema["additionalProperties"] : {};
    return fc.dictionary(fc.constantFrom("a", "a.b", "__proto__", "x".repeat(200)), below(values), { maxKeys: 2 });
  }
  const required = (schema["required"] ?? []) as string[];
  return fc.record(Object.fromEntries(Object.entries(fields).map(([name, part]) => [name, below(part, name)])), {
    requiredKeys: required,
  });
}

/** The shortest and the longest of each filling, and beside them one that is too long and one that cannot be stored. */
function textsOf(schema: JsonSchema): fc.Arbitrary<string> {
  const min = Number(schema["minLength"] ?? 0);
  const max = Number(schema["maxLength"] ?? 63);
  const pattern = new RegExp(String(schema["pattern"] ?? ""), "u");
  const all = fillings.flatMap((filling) =>
    [min, Math.min(max, 7), max].map((length) => filling.repeat(length).slice(0, length).toWellFormed()),
  );
  const within = all.filter((text) => text.length >= min && pattern.test(text));
  return edges([...new Set(within)], ["a".repeat(max + 1), "\0"]);
}

function draw(schema: Parameters<typeof toJsonSchema>[0], count: number): unknown[] {
  const json = toJsonSchema(schema, { io: "input" });
  return fc.sample(arbitraryOf(json, (json["$defs"] ?? {}) as JsonSchema), { numRuns: count, seed });
}

interface Asked {
  status: number;
  body: Record<string, unknown>;
}

/** Every answer is the operation's or a problem document, and never the server's fault. */
async function ask(gateway: TestGateway, method: string, path: string, body?: unknown): Promise<Asked> {
  const answer = await gateway.ask(`/api/v1${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const text = await answer.text();
  assert.ok(answer.status < 500, `${method} ${path} ${JSON.stringify(body)}: ${text}`);
  return { status: answer.status, body: JSON.parse(text) as Record<string, unknown> };
}

async function mustDo(gateway: TestGateway, method: string, path: string, body?: unknown): Promise<Asked> {
  const asked = await ask(gateway, method, path, body);
  const what = `${method} ${path.slice(0, 300)} ${JSON.stringify(body)}: ${JSON.stringify(asked.body)}`;
  assert.equal(asked.status, 200, what);
  assert.equal(asked.body["unreadable"], undefined, what);
  return asked;
}

async function mustShowAll(gateway: TestGateway): Promise<void> {
  for (const path of ["/jobs?limit=500", "/status", "/activity?limit=500", "/runs?limit=500", "/queues", "/notices"])
    await mustDo(gateway, "GET", path);
}

const steady = { trigger: { kind: "every", every: "1m" }, overlap: "allow", prompt: "x" };

/** That many definitions of jobs. */
export async function carryOutJobs(jobsTried: number): Promise<void> {
  await using gateway = await createTestGateway();
  const { kernel, client, test: world } = gateway;
  await world.clock.set(new Date("2026-03-02T10:00:00Z"));
  await mustDo(gateway, "PUT", "/jobs/steady", steady);
  const accepted = new Map<string, { queue?: string }>();
  for (const [number, drawn] of draw(
    defineJob.input.omit({ jobId: true, expectedVersion: true }),
    jobsTried * 10,
  ).entries()) {
    if (accepted.size >= jobsTried) break;
    const { status } = await ask(gateway, "PUT", `/jobs/job-${number}`, drawn);
    if (status === 200) accepted.set(`job-${number}`, drawn as { queue?: string });
    else assert.equal(status, 400);
  }
  assert.ok(accepted.size >= jobsTried / 2, `only ${accepted.size} were accepted`);
  await mustShowAll(gateway);
  for (const at of ["2026-03-02T10:01:00Z", "2026-03-02T11:30:00Z"]) {
    await world.clock.set(new Date(at));
    for (let passes = 0; passes < 500 && (await fireDueTicks(kernel)).jobCount > 0; passes += 1);
    await mustShowAll(gateway);
  }
  assert.equal((await client.getJob({ jobId: "steady" })).job.lastTick?.outcome, "fired");
  for (const { id, pausedReason } of (await client.listJobs({ limit: 500 })).items)
    assert.doesNotMatch(pausedReason ?? "", /could not be recorded/, id);
  for (const [jobId, { queue }] of accepted) {
    await mustDo(gateway, "POST", `/jobs/${jobId}/run`, {
      idempotencyKey: "k".repeat(200),
      reason: "\ufffd".repeat(2000),
    });
    if (queue !== undefined) await mustDo(gateway, "POST", `/queues/${encodeURIComponent(queue)}/pause`, {});
    if (queue !== undefined) await mustDo(gateway, "POST", `/queues/${encodeURIComponent(queue)}/resume`, {});
    // One that has finished, or is disabled by its definition, says so.
    assert.ok([200, 409].includes((await ask(gateway, "POST", `/jobs/${jobId}/pause`, { reason: "" })).status));
    assert.ok([200, 409].includes((await ask(gateway, "POST", `/jobs/${jobId}/resume`, {})).status));
    await mustDo(gateway, "PUT", `/jobs/${jobId}`, steady);
  }
  await mustShowAll(gateway);
  for (const jobId of accepted.keys()) await mustDo(gateway, "DELETE", `/jobs/${jobId}`);
  assert.deepEqual(
    (await client.listJobs({})).items.map(({ id }) => id),
    ["steady"],
  );
}

/** That many texts of each kind. */
export async function carryOutTexts(textsTried: number): Promise<void> {
  await using gateway = await createTestGateway();
  const keys = draw(KeyText, textsTried).map((key) => encodeURIComponent(String(key)));
  const holders = draw(Name, textsTried);
  const purposes = draw(Reason, textsTried);
  let count = 0;
  for (const [index, key] of keys.entries()) {
    const holder = holders[index];
    const taken = await ask(gateway, "POST", `/locks/${key}/acquire`, {
      holder,
      purpose: purposes[index],
      ttlMs: 1000,
    });
    if (taken.status !== 200) continue;
    count += 1;
    await mustDo(gateway, "GET", "/locks");
    await mustDo(gateway, "POST", `/locks/${key}/release`, { holder, epoch: taken.body["epoch"] });
    const begun = await mustDo(gateway, "POST", `/once/${key}/${key}/begin`, { holder });
    const { token } = begun.body;
    // The same key was drawn before.
    if (token === null) continue;
    await mustDo(gateway, "POST", `/once/${key}/${key}/finish`, { token, result: { [String(holder)]: holder } });
  }
  assert.ok(count > 0);
  for (const text of draw(Text, textsTried)) {
    const reserved = await ask(gateway, "POST", "/subjects", { scope: "s", text, by: "x", ttlMs: 1000 });
    if (reserved.status === 200) Subject.array().parse((await mustDo(gateway, "GET", "/subjects")).body["items"]);
  }
  let said = 0;
  for (const [index, sessionKey] of draw(SessionKey, textsTried).entries()) {
    const path = `/sessions/${encodeURIComponent(String(sessionKey))}`;
    const sent = await ask(gateway, "POST", `${path}/messages`, {
      text: `message ${index}`,
      source: holders[index],
      idempotencyKey: "k".repeat(200),
    });
    if (sent.status !== 200) continue;
    said += 1;
    await mustDo(gateway, "GET", path);
    await mustDo(gateway, "GET", `/runs?sessionKey=${encodeURIComponent(String(sessionKey))}`);
    await mustDo(gateway, "POST", `/runs/${String(sent.body["runId"])}/cancel`, { reason: purposes[index] });
  }
  assert.ok(said > 0);
  await mustShowAll(gateway);
}
