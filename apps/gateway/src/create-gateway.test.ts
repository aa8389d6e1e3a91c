import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { createValidator } from "@roost/contract/schemas";
import { roostOperations } from "@roost/contract/operations";
import { createTestGateway, testToken, type TestGateway } from "./testing/create-test-gateway.ts";

interface Problem {
  status: number;
  code: string;
  title: string;
}

async function problemOf(response: Response): Promise<Problem> {
  assert.match(response.headers.get("content-type") ?? "", /^application\/problem\+json/);
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  const problem = (await response.json()) as Problem;
  assert.equal(problem.status, response.status);
  return problem;
}

/** fetch() sets some headers by itself; this sends what it is given. */
function raw(gateway: TestGateway, path: string, headers: Record<string, string>, method = "GET"): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port: gateway.port, path, method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on("error", reject)
      .end();
  });
}

test("createGateway() lets nobody in without the token, and nothing but the token", async () => {
  await using gateway = await createTestGateway();
  for (const operation of roostOperations) {
    const path = `/api/v1${operation.path.replaceAll(/\{\w+\}/g, "x")}`;
    const response = await fetch(`${gateway.url}${path}`, { method: operation.method });
    assert.equal(response.status, 401, operation.id);
    await response.body?.cancel();
  }
  assert.equal((await gateway.ask("/api/v1/status")).status, 200);
  assert.equal(
    (await gateway.ask(`/api/v1/status?token=${testToken}`, { headers: { authorization: "" } })).status,
    401,
  );
});

test("createGateway() answers no page of another site and no name that is not its own", async () => {
  await using gateway = await createTestGateway();
  const authorization = `Bearer ${testToken}`;
  const own = `127.0.0.1:${gateway.port}`;
  for (const path of ["/api/v1/status", "/openapi.json", "/healthz", "/"]) {
    assert.equal(await raw(gateway, path, { authorization, host: own }), 200);
    assert.equal(await raw(gateway, path, { authorization, host: `localhost:${gateway.port}` }), 200);
    assert.equal(await raw(gateway, path, { authorization, host: own, origin: `http://${own}` }), 200);
    assert.equal(await raw(gateway, path, { authorization, host: `evil.example:${gateway.port}` }), 403);
    assert.equal(await raw(gateway, path, { authorization, host: "localhost" }), 403);
    assert.equal(await raw(gateway, path, { authorization, host: own, origin: "http://evil.example" }), 403);
    assert.equal(await raw(gateway, path, { authorization, host: own, origin: "null" }), 403);
    assert.equal(await raw(gateway, path, { host: own, origin: "http://evil.example" }, "OPTIONS"), 403);
    const forwarded = { authorization, host: `evil.example:${gateway.port}`, "x-forwarded-host": own };
    assert.equal(await raw(gateway, path, forwarded), 403);
  }
});

test("createGateway() gives no site leave to read its answers", async () => {
  await using gateway = await createTestGateway();
  const response = await gateway.ask("/api/v1/status", { method: "OPTIONS" });
  assert.equal(response.status, 405);
  for (const name of response.headers.keys()) assert.doesNotMatch(name, /^access-control/);
});

test("createGateway() tells every refusal as a problem document", async () => {
  await using gateway = await createTestGateway();
  const json = { "content-type": "application/json" };
  const post = (path: string, body: string, headers: Record<string, string> = json) =>
    gateway.ask(path, { method: "POST", body, headers });
  const message = "/api/v1/sessions/main/messages";
  const cases: [Promise<Response>, number][] = [
    [gateway.ask("/api/v1/nothing"), 404],
    [gateway.ask("/nothing"), 404],
    [gateway.ask("/api/v1/runs/nobody"), 404],
    [gateway.ask("/api/v1/runs?limit=0"), 400],
    [gateway.ask("/api/v1/runs?colour=red"), 400],
    [gateway.ask("/api/v1/status", { method: "POST" }), 405],
    [gateway.ask("/api/v1/events?after=here"), 400],
    [gateway.ask("/api/v1/events", { headers: { "last-event-id": "here" } }), 400],
    [post(message, "{"), 400],
    [post(message, "[]"), 400],
    [post(message, '{"text":""}'), 400],
    [post(message, '{"text":"x"}', { "content-type": "text/plain" }), 415],
    [post(message, JSON.stringify({ text: "x".repeat(2 * 1024 * 1024) })), 413],
    [post(message, `{"text":${"[".repeat(200_000)}${"]".repeat(200_000)}}`), 400],
    [post("/api/v1/once/a/b/finish", `{"token":"t","result":${"[".repeat(200_000)}${"]".repeat(200_000)}}`), 400],
    [post("/api/v1/claims", '{"__proto__":{"x":1},"constructor":1}'), 400],
  ];
  for (const [index, [answer, status]] of cases.entries()) {
    const response = await answer;
    assert.equal((await problemOf(response)).status, status, `case ${index}`);
  }
  assert.equal((await gateway.ask("/healthz")).status, 200);
});

test("createGateway() begins no stream for HEAD", async () => {
  await using gateway = await createTestGateway();
  assert.equal((await gateway.ask("/api/v1/events", { method: "HEAD" })).status, 405);
  assert.deepEqual(gateway.held(), { watches: 0, texts: 0 });
});

test("createGateway() bears headers that are too many, too long and odd", async () => {
  await using gateway = await createTestGateway();
  const authorization = `Bearer ${testToken}`;
  const host = `127.0.0.1:${gateway.port}`;
  const many = Object.fromEntries(Array.from({ length: 1_500 }, (_, index) => [`x-${index}`, "1"]));
  assert.ok([200, 431].includes(await raw(gateway, "/api/v1/status", { ...many, authorization, host })));
  assert.equal(await raw(gateway, "/api/v1/status", { authorization, host, "x-long": "x".repeat(100_000) }), 431);
  for (const traceparent of ["", "00-0-0-0", "x".repeat(5_000)])
    assert.equal(await raw(gateway, "/api/v1/status", { authorization, host, traceparent }), 200);
  assert.equal(await raw(gateway, "/api/v1/status", { authorization: `Bearer ${"x".repeat(9_000)}`, host }), 401);
  const sent = await gateway.ask("/api/v1/sessions/main/messages", {
    method: "POST",
    body: '{"text":"x"}',
    headers: { "content-type": "application/json", traceparent: "x".repeat(500), "idempotency-key": "k".repeat(5_000) },
  });
  assert.ok(sent.status < 500, `${sent.status}`);
});

test("createGateway() lets the runs that a call starts go on from the span of the call", async () => {
  await using gateway = await createTestGateway();
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const sent = await gateway.ask("/api/v1/sessions/main/messages", {
    method: "POST",
    body: '{"text":"x"}',
    headers: { "content-type": "application/json", traceparent: `00-${trace}-b7ad6b7169203331-01` },
  });
  const { runId } = (await sent.json()) as { runId: string };
  const { run } = (await (await gateway.ask(`/api/v1/runs/${runId}`)).json()) as { run: { traceparent: string } };
  const [, of, from] = run.traceparent.split("-");
  assert.equal(of, trace);
  assert.notEqual(from, "b7ad6b7169203331");
});

test("createGateway() serves an OpenAPI document that names every operation", async () => {
  await using gateway = await createTestGateway();
  const response = await fetch(`${gateway.url}/openapi.json`);
  const document = (await response.json()) as {
    openapi: string;
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  assert.match(document.openapi, /^3\.1/);
  const ids = Object.values(document.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  assert.deepEqual(ids.filter(Boolean).toSorted(), roostOperations.map(({ id }) => id).toSorted());
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path ?? "");
  for (const path of new Set(references)) {
    const found = path
      .split("/")
      .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);
    assert.ok(found, `#/${path} leads nowhere`);
  }
  assert.equal(typeof createValidator, "function");
});
