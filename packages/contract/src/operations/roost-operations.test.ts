import assert from "node:assert/strict";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { createLocalClient } from "../create-local-client.ts";
import { createOpenApi } from "../create-open-api.ts";
import { createRoutes } from "../create-routes.ts";
import { serveAll } from "../serve.ts";
import type { Handlers } from "../handlers.ts";
import { parseInput } from "../run-operation.ts";
import { silentLogger } from "@roost/base";
import { roostContract } from "../roost-contract.ts";
import { contractOf, owner, principalOf } from "../testing/people.ts";
import { applyJobs, defineJob, getStatus, JobDefinition, listRuns, roostOperations } from "./roost-operations.ts";

const openApiOptions = { version: "0.1.0", servers: [{ url: "http://127.0.0.1:7717/api/v1" }] };

test("createOpenApi() of roostOperations is a valid OpenAPI 3.1 document", async () => {
  const document = createOpenApi(roostContract, openApiOptions);
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document));
  assert.deepEqual(result.errors, undefined);
  assert.equal(result.valid, true);
  assert.equal(validator.version, "3.1");
  assert.equal(
    Object.values(document["paths"] as object).flatMap((path) => Object.keys(path as object)).length,
    roostOperations.length,
  );
});

test("createOpenApi() of roostOperations refers only to components that exist, and names no field of a list twice", () => {
  const document = createOpenApi(roostContract, openApiOptions);
  const schemas = (document["components"] as { schemas: Record<string, unknown> }).schemas;
  for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
    assert.ok(name !== undefined && name in schemas, `${name} is missing`);
  }
  for (const name of [
    "Run",
    "RunSummary",
    "Step",
    "Job",
    "Tick",
    "Session",
    "Message",
    "Event",
    "Lock",
    "Subject",
    "Notice",
    "Question",
    "Status",
  ]) {
    assert.ok(name in schemas, `${name} is missing`);
  }
  assert.doesNotMatch(JSON.stringify(document), /9007199254740991|\$defs|~standard/);
});

test("createOpenApi() of roostOperations has only patterns that ECMAScript, Python and Rust read alike", () => {
  const patterns = new Set<string>();
  JSON.stringify(createOpenApi(roostContract, openApiOptions), (key, value: unknown) => {
    if (key === "pattern" && typeof value === "string") patterns.add(value);
    return value;
  });
  assert.ok(patterns.size > 5);
  for (const pattern of patterns) {
    // Classes differ in what they hold beyond ASCII, \p is not known to Python, and halves of surrogate pairs not to Rust.
    assert.doesNotMatch(pattern, /\\[dDwWsSbBpPkAZz]|\\ud[89a-f]|\(\?<|\(\?[a-z]/i, pattern);
    // Outside a class Python and ECMAScript agree on anchors only where they stand at the ends.
    assert.match(pattern, /^\^/, pattern);
  }
});

test("defineJob takes moments, money and lengths within the one set of bounds, and names what is outside", () => {
  const base = { jobId: "x", prompt: "p" };
  const at = (written: string) => ({ ...base, trigger: { kind: "at", at: written } });
  for (const written of ["1970-01-01T00:00:00+23:59", "9998-12-31T23:59:59-23:59", "2026-02-28T00:00:00.5Z"])
    parseInput(defineJob, at(written));
  for (const written of ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z"])
    assert.throws(() => parseInput(defineJob, at(written)), {
      message: /trigger.*at: must be in the years 1970 to 9998/,
    });
  const manual = { ...base, trigger: { kind: "manual" } };
  const refused: [change: object, field: RegExp][] = [
    [{ budget: { usdMax: 1e8 + 1 } }, /budget\.usdMax/],
    [{ budget: { callsMax: 2 ** 31 } }, /budget\.callsMax/],
    [{ budget: { tokensMax: 2 ** 53 } }, /budget\.tokensMax/],
    [{ retry: { backoffMs: 31 * 86_400_000 } }, /retry\.backoffMs/],
    [{ inputs: [{ file: "a\0", staleAfterMs: 1 }] }, /inputs\[0\]\.file: must not have a NUL/],
    [{ prompt: "\ud800" }, /prompt: must not have a NUL/],
    [{ queue: "a,b" }, /queue: must be one line without control characters/],
    [{ queue: ".." }, /queue: /],
    [{ queue: " a" }, /queue: /],
    [{ expectedVersion: 2 ** 31 }, /expectedVersion/],
  ];
  for (const [change, field] of refused)
    assert.throws(() => parseInput(defineJob, { ...manual, ...change }), { message: field }, JSON.stringify(change));
  for (const queue of ["my queue", "q", "Mail 😀", "a.b", "..."]) parseInput(defineJob, { ...manual, queue });
});

/** What they answer is bounded by what they ask: the first entries, groups of a sum, some of each that is named. */
const withoutPages = new Set(["listInbox", "listLatestTicks", "listSpend"]);

test("roostOperations can be served together, and every list has a limit and a cursor", () => {
  const handlers = Object.fromEntries(roostOperations.map(({ id }) => [id, () => ({})])) as unknown as Handlers<
    typeof roostOperations
  >;
  createRoutes(serveAll(roostContract, handlers), { principalOf, logger: silentLogger });
  for (const operation of roostOperations) {
    if (!operation.id.startsWith("list") || withoutPages.has(operation.id)) continue;
    assert.ok("limit" in operation.input.shape && "after" in operation.input.shape, `${operation.id} has no page`);
    assert.ok("shape" in operation.output && "next" in operation.output.shape, `${operation.id} has no next`);
    assert.throws(
      () => parseInput(operation, { jobId: operation.id === "listTicks" ? "x" : undefined, limit: 501 }),
      /limit/,
    );
  }
});

test("defineJob takes the shortest definition and fills in the rules", () => {
  const { jobId, ...definition } = parseInput(defineJob, {
    jobId: "blog",
    trigger: { kind: "cron", expression: "0 6 * * *" },
    prompt: "Write",
  });
  assert.equal(jobId, "blog");
  assert.deepEqual(definition, {
    agent: "main",
    session: "cron",
    trigger: { kind: "cron", expression: "0 6 * * *" },
    prompt: "Write",
    catchUp: { policy: "last" },
    overlap: "skip",
    jitterMs: 0,
    timeoutMs: 1_800_000,
    retry: { attemptsMax: 1, backoffMs: 30_000, backoffFactor: 2, backoffMsMax: 3_600_000 },
    onUnknown: "tell",
    enabled: true,
  });
  assert.deepEqual(JobDefinition.parse(definition), definition);
});

test("defineJob refuses wrong definitions and says what is wrong with them", () => {
  const base = { jobId: "blog", prompt: "x", trigger: { kind: "manual" } };
  const wrong: [object, RegExp][] = [
    [{ jobId: "Blog Post" }, /jobId: must be 1 to 63 lower-case letters/],
    [{ trigger: { kind: "weekly" } }, /trigger/],
    [{ trigger: { kind: "every", every: "soon" } }, /trigger\.every: must be a duration like/],
    [{ trigger: { kind: "every", every: "10ms" } }, /trigger\.every: must be at least 1s$/],
    [{ trigger: { kind: "every", every: 10 } }, /must be at least 1s; a number .* milliseconds: write 10m or 10s/],
    [
      { trigger: { kind: "cron", expression: "0 6 * * *", timeZone: "Mars/Olympus" } },
      /trigger\.timeZone: is not a time zone/,
    ],
    [{ trigger: { kind: "at", at: "tomorrow" } }, /trigger\.at: /],
    [{ trigger: { kind: "cron", expr: "0 6 * * *" } }, /trigger\.expression: /],
    [{ activeHours: { start: "8", end: "24:00" } }, /activeHours\.start: must be a time of day/],
    [{ retry: { attempts: 3 } }, /retry\.attempts: unknown field/],
    [{ budget: { usdMax: -1 } }, /budget\.usdMax: /],
    [{ overlap: "maybe" }, /overlap: /],
    [{ onUnknow: "tell" }, /onUnknow: unknown field/],
  ];
  for (const [change, message] of wrong) {
    assert.throws(
      () => parseInput(defineJob, { ...base, ...change }),
      { code: "invalid_input", message },
      JSON.stringify(change),
    );
  }
});

test("applyJobs names the job and the field that is wrong", () => {
  const jobs = [
    { id: "a", prompt: "x", trigger: { kind: "manual" } },
    { id: "b", prompt: "x", trigger: { kind: "every", every: "30m", timezone: "UTC" } },
  ];
  assert.throws(() => parseInput(applyJobs, { jobs }), { message: /jobs\[1\]\.trigger\.timezone: unknown field/ });
});

test("roostOperations make a client with one method each", async () => {
  const status = { version: 1 };
  const client = createLocalClient(
    contractOf([getStatus, listRuns]),
    {
      getStatus: () => status as never,
      listRuns: ({ limit, state }) => {
        assert.equal(limit, 50);
        assert.deepEqual(state, ["running"]);
        return { items: [], next: null };
      },
    },
    { principal: owner },
  );
  assert.deepEqual(await client.listRuns({ state: ["running"] }), { items: [], next: null });
  await assert.rejects(client.getStatus(), {
    code: "internal",
    message: /the answer of getStatus does not match its contract: version/,
  });
});
