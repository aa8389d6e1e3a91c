import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { createLogger, silentLogger } from "@roost/base";
import { Hono } from "hono";
import { z } from "zod";
import { createProblemResponse, createRoutes } from "./create-routes.ts";
import { defineOperation } from "./define-operation.ts";
import { Problem } from "./problem.ts";
import { pageOf, Time } from "./records/fields.ts";
import { serveAll } from "./serve.ts";
import { contractOf, createPeople, people, principalOf } from "./testing/people.ts";
import { serveRoutes } from "./testing/serve-routes.ts";

const logger = silentLogger;

async function problemOf(response: Response): Promise<Problem> {
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const problem = Problem.parse(await response.json());
  assert.equal(problem.status, response.status);
  assert.match(problem.instance, /^urn:uuid:/);
  return problem;
}

function post(
  routes: Hono,
  body: string | Uint8Array<ArrayBuffer> | null,
  headers: Record<string, string> = { "content-type": "application/json" },
) {
  return routes.request("/people", { method: "POST", body, headers });
}

test("createRoutes() answers every kind of bad request with a problem document of the right status", async () => {
  const routes = createRoutes(serveAll(people, createPeople().handlers), { principalOf, logger, bodyBytesMax: 100 });
  const cases: [Promise<Response> | Response, number, RegExp][] = [
    [post(routes, "{"), 400, /the body is not JSON/],
    [post(routes, "[]"), 400, /must be a JSON object/],
    [post(routes, "null"), 400, /must be a JSON object/],
    [post(routes, new Uint8Array([0x7b, 0xff, 0x7d])), 400, /the body is not JSON/],
    [post(routes, "{}", { "content-type": "text/plain" }), 415, /content type text\/plain: send application\/json/],
    [post(routes, JSON.stringify({ name: "x".repeat(100) })), 413, /longer than 100 bytes/],
    [post(routes, "{}"), 400, /the input of addPerson is invalid: name: /],
    [post(routes, JSON.stringify({ name: "a", __proto__: 1, constructor: 1 })), 400, /constructor: unknown field/],
    [post(routes, '{"name":"a","name":"b"}'), 400, /the field "name" twice/],
    [post(routes, String.raw`{"name":"a\u0000"}`), 400, /name: must not have a NUL/],
    [post(routes, String.raw`{"name":"\ud800"}`), 400, /name: must not have a NUL/],
    [routes.request("/people?limit=x"), 400, /limit: /],
    [routes.request("/people?limit=1&limit=2"), 400, /limit is given 2 times/],
    [routes.request("/people?what=1"), 400, /what: unknown field/],
    [routes.request("/people/p1?personId=p2"), 400, /personId is part of the path/],
    [routes.request("/people/p9"), 404, /no person p9/],
    [routes.request("/people", { method: "PATCH" }), 405, /PATCH is not served at \/people: use GET, POST/],
  ];
  for (const [asked, status, detail] of cases) {
    const response = await asked;
    assert.equal(response.status, status, String(detail));
    assert.match((await problemOf(response)).detail, detail);
  }
  const refused = await routes.request("/people", { method: "PATCH" });
  assert.equal(refused.headers.get("allow"), "GET, POST");
});

test("createRoutes() refuses a caller without the scope before it reads what the caller sent", async () => {
  const other = { ...principalOf(), scopes: ["other:read"] };
  const routes = createRoutes(serveAll(people, createPeople().handlers), { principalOf: () => other, logger });
  assert.equal((await post(routes, "{", { "content-type": "text/plain" })).status, 403);
});

test("createRoutes() takes an empty body for an empty object, and JSON with parameters and suffixes", async () => {
  const routes = createRoutes(serveAll(people, createPeople().handlers), { principalOf, logger });
  assert.match((await problemOf(await post(routes, null, {}))).detail, /name: /);
  for (const type of ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]) {
    assert.equal((await post(routes, '{"name":"Ada"}', { "content-type": type })).status, 200, type);
  }
});

test("createRoutes() refuses a long body before it is read to the end", async () => {
  await using server = await serveRoutes(people, createPeople().handlers, { logger, bodyBytesMax: 1000 });
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const sending = request(
      `${server.url}/people`,
      { method: "POST", headers: { "content-type": "application/json" } },
      (response) => {
        response.resume();
        resolve(response.statusCode);
        sending.destroy();
      },
    );
    sending.on("error", reject);
    sending.write(`{"name":"${"x".repeat(5000)}`); // Never ended.
  });
  assert.equal(status, 413);
});

test("createRoutes() hides what went wrong inside and logs it under the same name", async () => {
  const lines: string[] = [];
  const handlers = { ...createPeople().handlers, getPerson: () => Promise.reject(new Error("secret detail")) };
  const routes = createRoutes(serveAll(people, handlers), {
    principalOf,
    logger: createLogger({ level: "error", write: (line) => lines.push(line) }),
  });
  const problem = await problemOf(await routes.request("/people/p1"));
  assert.equal(problem.status, 500);
  assert.doesNotMatch(JSON.stringify(problem), /secret detail/);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /secret detail/);
  assert.ok(lines[0]!.includes(problem.instance));
});

test("createRoutes() logs an answer against the contract with the field", async () => {
  const lines: string[] = [];
  const world = createPeople();
  world.breakAnswers();
  const routes = createRoutes(serveAll(people, world.handlers), {
    principalOf,
    logger: createLogger({ level: "error", write: (line) => lines.push(line) }),
  });
  assert.equal((await routes.request("/people/p1")).status, 500);
  assert.match(lines[0]!, /the answer of getPerson does not match its contract: name: /);
});

test("createRoutes() prefers a fixed path to a parameter, in whatever order they are listed", async () => {
  const effect = "readonly";
  const output = z.object({ by: z.string() });
  const one = defineOperation({
    id: "one",
    method: "GET",
    path: "/jobs/{id}",
    summary: "One",
    input: z.object({ id: z.string() }),
    output,
    effect,
  });
  const next = defineOperation({
    id: "next",
    method: "GET",
    path: "/jobs/next",
    summary: "Next",
    input: z.object({}),
    output,
    effect,
  });
  const handlers = { one: ({ id }: { id: string }) => ({ by: `one ${id}` }), next: () => ({ by: "next" }) };
  for (const operations of [[one, next] as const, [next, one] as const]) {
    const routes = createRoutes(serveAll(contractOf(operations) as never, handlers as never), { principalOf, logger });
    assert.deepEqual(await (await routes.request("/jobs/next")).json(), { by: "next" });
    assert.deepEqual(await (await routes.request("/jobs/last")).json(), { by: "one last" });
  }
});

test("createRoutes() refuses two operations of the same name or place, and one without a handler", () => {
  const { handlers } = createPeople();
  const [getPerson] = people.operations;
  assert.throws(() => contractOf([getPerson, getPerson]), /two operations have the same id/);
  const same = defineOperation({
    ...getPerson,
    id: "same",
    path: "/people/{other}",
    input: z.object({ other: z.string() }),
  } as never) as never;
  assert.throws(
    () =>
      createRoutes(serveAll(contractOf([getPerson, same]), { ...handlers, same: handlers.getPerson } as never), {
        principalOf,
        logger,
      }),
    /two operations are GET \/people\/\{\}/,
  );
  assert.throws(() => createRoutes(serveAll(people, {} as never), { principalOf, logger }), /has no handler/);
});

test("createRoutes() goes on after Last-Event-ID, which wins over `after`", async () => {
  const world = createPeople();
  for (const text of ["one", "two", "three"]) world.say(text);
  world.hangUp();
  const routes = createRoutes(serveAll(people, world.handlers), { principalOf, logger });
  const response = await routes.request("/people/watch?after=0", { headers: { "last-event-id": "2" } });
  const text = await response.text();
  assert.match(text, /three/);
  assert.doesNotMatch(text, /one|two/);
});

test("createRoutes() cuts streams at shutdown, so that their readers come back", async () => {
  const world = createPeople();
  world.say("one");
  const shutdown = new AbortController();
  const routes = createRoutes(serveAll(people, world.handlers), { principalOf, logger, shutdown: shutdown.signal });
  const reader = (await routes.request("/people/watch")).body!.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!text.includes("one")) text += decoder.decode((await reader.read()).value);
  shutdown.abort();
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += decoder.decode(part.value);
  assert.doesNotMatch(text, /event: end/);
  await world.closed(1);
});

test("createRoutes() runs every call inside `around`", async () => {
  const seen: string[] = [];
  const routes = createRoutes(serveAll(people, createPeople().handlers), {
    principalOf,
    logger,
    around: async (operation, _call, work) => {
      seen.push(operation.id);
      return await work();
    },
  });
  await routes.request("/people");
  await routes.request("/people/p1");
  assert.deepEqual(seen, ["listPeople", "getPerson"]);
});

test("createRoutes() can be mounted below a prefix of a larger server", async () => {
  const server = new Hono();
  server.route("/api/v1", createRoutes(serveAll(people, createPeople().handlers), { principalOf, logger }));
  server.notFound((context) => createProblemResponse(new Error(context.req.path), { logger, status: 404 }));
  assert.equal((await server.request("/api/v1/people")).status, 200);
  assert.equal((await server.request("/people")).status, 404);
});

test("createRoutes() answers a list without the rows that cannot be shown, and names them", async () => {
  const listThings = defineOperation({
    id: "listThings",
    method: "GET",
    path: "/things",
    summary: "Things",
    input: z.object({}),
    output: pageOf(z.object({ id: z.string(), at: Time })),
    effect: "readonly",
  });
  const good = { id: "good", at: "2026-03-01T00:00:00Z" };
  const items = [good, { id: "bad", at: "+010000-01-01T00:00:00Z" }, { ...good, id: "other" }];
  const routes = createRoutes(serveAll(contractOf([listThings]), { listThings: () => ({ items, next: null }) }), {
    principalOf,
    logger,
  });
  const answer = await routes.request("/things");
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), {
    items: [items[0], items[2]],
    next: null,
    unreadable: [
      { where: "items[1]", id: "bad", problem: "at: must be a date and time that exists, like 2026-03-01T07:30:00Z" },
    ],
  });
});
