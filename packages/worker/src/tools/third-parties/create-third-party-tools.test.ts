/** Calls of another maker's service, with a server that repeats what it is sent. */
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { Tool, ToolResult } from "@roost/agent";
import { RoostError, systemClock, type JsonObject } from "@roost/base";
import { until } from "@roost/base/testing/until";
import type { OpenApiDocument } from "@roost/contract";
import { formatLabels, parseLabels, untrustedFrom, type Labels } from "@roost/contract/labels";
import type { ThirdParties } from "@roost/service";
import { startTestSite } from "../../testing/start-test-site.ts";
import { createProgramTokens } from "./create-program-tokens.ts";
import { createThirdPartyTools } from "./create-third-party-tools.ts";

const secret = "s3cret/token";

const operation = (operationId: string, effect: string, more: object = {}) => ({
  operationId,
  summary: operationId,
  "x-roost-effect": effect,
  responses: {},
  ...more,
});
const body = {
  content: { "application/json": { schema: { type: "object", properties: { text: { type: "string" } } } } },
};
const bytes = { type: "string", format: "binary" };
const form = {
  content: {
    "multipart/form-data": {
      schema: {
        type: "object",
        properties: { title: { type: "string" }, cover: bytes, files: { type: "array", items: bytes } },
      },
    },
  },
};
const picture = Buffer.from("89504e470d0a1a0a", "hex");
const document = {
  openapi: "3.1.0",
  paths: {
    "/echo": { get: operation("read", "readonly"), post: operation("write", "unsafe", { requestBody: body }) },
    "/gone": { get: operation("gone", "readonly"), delete: operation("remove", "idempotent") },
    "/broken": { post: operation("breakIt", "unsafe") },
    "/picture": { post: operation("draw", "unsafe", { requestBody: form }) },
    "/files": { post: operation("attach", "unsafe", { requestBody: form }) },
    "/hang": { post: operation("hang", "unsafe") },
    "/long": { get: operation("long", "readonly") },
    "/away": { get: operation("away", "readonly") },
    "/raw": { put: operation("putRaw", "idempotent", { requestBody: { content: { "image/*": {} } } }) },
    "/odd": {
      get: operation("odd", "readonly", {
        parameters: [{ name: "q", in: "query", schema: { type: "string", maxLength: 100, pattern: "^(a|a)*$" } }],
      }),
    },
    "/xml": { put: operation("putXml", "idempotent", { requestBody: { content: { "application/xml": {} } } }) },
    "/own": {
      get: operation("own", "readonly", { security: [{ login: [] }] }),
      post: operation("order", "unsafe", { security: [{ login: [] }] }),
      put: operation("scoped", "idempotent", { security: [{ login: ["items:write", "items:read"] }] }),
    },
    "/locked": { get: operation("locked", "readonly", { security: [{ other: [] }] }) },
  },
  components: {
    securitySchemes: {
      key: { type: "apiKey", in: "header", name: "X-Key" },
      other: { type: "http", scheme: "bearer" },
      login: { type: "http", scheme: "bearer", "x-roost-token-url": "/token" },
    },
  },
  security: [{ key: [] }],
} as unknown as OpenApiDocument;

interface Seen {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
}

async function openScene({ allow, tokenUrl }: { allow?: string[]; tokenUrl?: string } = {}) {
  const seen: Seen[] = [];
  const granted: string[] = [];
  const login: Login = { answer: "token", askedCount: 0, scopes: [], held: [], refused: new Set() };
  await using opened = new AsyncDisposableStack();
  const other = opened.use(await startTestSite((request, response) => void echo(request, response, seen)));
  const site = opened.use(
    await startTestSite((request, response) => {
      if (request.url === "/v1/hang") return request.socket.destroy();
      if (request.url === "/v1/broken") return response.writeHead(500).end(`token ${secret} broke`);
      if (request.url === "/v1/gone") return response.writeHead(404, json).end('{"message":"no such thing"}');
      if (request.url === "/token") return void giveToken(request, response, { granted, login });
      const [, token = "none"] = request.headers.authorization?.split(" ") ?? [];
      if (request.url === "/v1/own" && (login.refused.has(token) || !granted.includes(token)))
        return response.writeHead(401, json).end("{}");
      if (request.url === "/v1/long") return response.writeHead(200, json).end(JSON.stringify("x".repeat(300_000)));
      if (request.url === "/v1/picture") return response.writeHead(200, { "content-type": "image/png" }).end(picture);
      if (request.url === "/v1/away")
        return response.writeHead(302, { location: `${other.url}/there?key=${encodeURIComponent(secret)}` }).end();
      void echo(request, response, seen);
    }),
  );
  const stored = {
    name: "acme",
    title: "Acme",
    server: `${site.url}/v1`,
    hash: "abcdef",
    secrets: [
      { scheme: "key", reference: "env:ACME" },
      { scheme: "client:login", reference: "env:CLIENT" },
    ],
  };
  const asked: string[] = [];
  const now = { ms: 0 };
  const kept: Labels[] = [];
  const disk = { isFull: false };
  const toolsFor = createThirdPartyTools({
    thirdParties: {
      list: async () => [stored],
      documentOf: async () => {
        const made = { ...structuredClone(document), servers: [{ url: stored.server }] };
        const { login: scheme } = (made as any).components.securitySchemes;
        if (tokenUrl !== undefined) scheme["x-roost-token-url"] = tokenUrl;
        return made;
      },
    } as unknown as ThirdParties,
    rules: { allow: allow ?? [site.host, other.host] },
    clock: { ...systemClock, nowMs: () => now.ms },
    resolveSecret: async (reference) => {
      asked.push(reference);
      return reference === "env:CLIENT" ? "roost:cl1ent+s3cret" : secret;
    },
    filesOf: () => ({
      async find(id) {
        if (id.includes("dead")) throw new RoostError("not_found", `there is no part ${id}`);
        const labels = parseLabels(["aud:main", "trust:owner"]);
        const content = new TextEncoder().encode(`of ${id}`);
        const read = async () => {
          assert.ok(!id.includes("b1b"), "what is too much is not read");
          return content;
        };
        const byteCount = id.includes("b1b") ? 13 * 1024 * 1024 : content.byteLength;
        return { name: `${id}.txt`, mediaType: "text/plain", byteCount, labels, read };
      },
      async keep({ bytes: given, mediaType, labels }) {
        if (disk.isFull) throw new RoostError("unavailable", "there is no room for it");
        kept.push(labels);
        return { type: "image", mediaType, bytes: given.byteLength, sha256: "a".repeat(64) };
      },
    }),
  });
  const tools = new Map((await toolsFor({} as never, { services: ["acme"] })).map((tool) => [tool.name, tool]));
  const owned = opened.move();
  return {
    host: site.host,
    seen,
    granted,
    login,
    now,
    disk,
    kept,
    asked,
    tools,
    call: (name: string, input: JsonObject = {}, { signal } = new AbortController()): Promise<ToolResult> =>
      (tools.get(`acme_${name}`) as Tool<JsonObject>).execute(input, { idempotencyKey: "run:1", signal } as never),
    others: await toolsFor({} as never, {}),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const json = { "content-type": "application/json" };

interface Login {
  answer: "token" | "form" | "refusal" | "nothing" | "later";
  askedCount: number;
  /** Of each request. */
  scopes: (string | undefined)[];
  /** Of requests that are answered later. */
  held: (() => void)[];
  /** Tokens that the service takes no more. */
  refused: Set<string>;
}

/** A server that knows one program, and gives it another token each time, for a minute. */
async function giveToken(
  request: IncomingMessage,
  response: ServerResponse,
  { granted, login }: { granted: string[]; login: Login },
): Promise<void> {
  login.askedCount += 1;
  if (login.answer === "nothing") return void request.socket.destroy();
  const { authorization } = request.headers;
  const { grant_type: grant, scope, ...inForm } = Object.fromEntries(new URLSearchParams(await text(request)));
  assert.equal(grant, "client_credentials");
  login.scopes.push(scope);
  const isKnown =
    login.answer === "form"
      ? inForm["client_id"] === "roost" && inForm["client_secret"] === "cl1ent+s3cret" && authorization === undefined
      : authorization === `Basic ${Buffer.from("roost:cl1ent%2Bs3cret").toString("base64")}`;
  if (!isKnown || login.answer === "refusal")
    return void response.writeHead(401, json).end('{"error":"invalid_client"}');
  if (login.answer === "later") await new Promise<void>((resolve) => login.held.push(resolve));
  granted.push(`t0ken${granted.length}`);
  response
    .writeHead(200, json)
    .end(JSON.stringify({ access_token: granted.at(-1), expires_in: 60, token_type: "Bearer" }));
}

async function echo(request: IncomingMessage, response: ServerResponse, seen: Seen[]): Promise<void> {
  const { method = "", url = "", headers } = request;
  seen.push({ method, url, headers, body: await text(request) });
  response.writeHead(200, json).end(JSON.stringify(seen.at(-1)));
}

test("createThirdPartyTools() calls with the secret and never shows it, whatever the server repeats", async () => {
  await using scene = await openScene();
  assert.deepEqual(scene.others, []);
  const read = await scene.call("read");
  const write = await scene.call("write", { text: "hi" });
  assert.deepEqual(
    scene.seen.map(({ method, url, headers, body: sent }) => [
      method,
      url,
      headers["x-key"],
      headers["idempotency-key"],
      sent,
    ]),
    [
      ["GET", "/v1/echo", secret, undefined, ""],
      ["POST", "/v1/echo", secret, "run:1", '{"text":"hi"}'],
    ],
  );
  assert.deepEqual(scene.asked, ["env:ACME", "env:ACME"]);
  const away = await scene.call("away");
  assert.equal(scene.seen.at(-1)?.headers["x-key"], undefined, "another origin gets no secret");
  const broken = await scene.call("breakIt");
  for (const result of [read, write, away, broken]) assert.doesNotMatch(JSON.stringify(result), /s3cret/);
  assert.match(JSON.stringify(read), /"status":200.*\[secret key\]/);
  const reach = ["acme_read", "acme_write"].map((name) => scene.tools.get(name)?.reach?.({})?.isOutside);
  assert.deepEqual(reach, [true, true], "a run with untrusted content asks first");
  for (const tool of scene.tools.values()) assert.equal((await tool.labelsOf?.({}))?.trust, "untrusted");
});

test("createThirdPartyTools() runs no expression of a document, which could take for ever, and checks all else", async () => {
  await using scene = await openScene();
  const { input } = scene.tools.get("acme_odd")!;
  assert.ok("validate" in input);
  // Twice the letters would take a million times as long.
  assert.deepEqual(input.validate({ q: `${"a".repeat(20)}!` }), []);
  assert.match(String(input.validate({ q: "a".repeat(101) })), /100 characters/);
  assert.match(String(input.validate({ q: 1 })), /must be string/);
});

test("createThirdPartyTools() tells what was done: failed, unknown, cut", async () => {
  await using scene = await openScene();
  assert.deepEqual(await scene.call("gone"), {
    state: "failed",
    code: "not_found",
    message: 'it answered with status 404: {"message":"no such thing"}',
    labels: untrustedFrom("web", "127.0.0.1"),
  });
  assert.equal((await scene.call("remove")).state, "failed");
  assert.equal((await scene.call("breakIt")).state, "unknown");
  assert.equal((await scene.call("hang")).state, "unknown");
  const long = await scene.call("long");
  assert.ok(long.state === "done");
  const { isTruncated, body: cut } = long.output as { isTruncated: boolean; body: string };
  assert.deepEqual([isTruncated, cut.length], [true, 200_000]);
  const locked = await scene.call("locked");
  assert.match(JSON.stringify(locked), /"unauthenticated".*locked needs a secret for other/);
});

test("createThirdPartyTools() sends several files as the parts that they are, and keeps one that it is given", async () => {
  await using scene = await openScene();
  const input = { title: "Two", cover: "#aaaaaaaaaaaa", files: ["#bbbbbbbbbbbb", "#aaaaaaaaaaaa"] };
  const attached = await scene.call("attach", input);
  assert.ok(attached.state === "done");
  assert.deepEqual(formatLabels(attached.labels!), ["aud:main", "src:web:127.0.0.1", "trust:untrusted"]);
  const { headers, body: sent } = scene.seen[0]!;
  const read = await new Response(sent, { headers: { "content-type": headers["content-type"]! } }).formData();
  const told = [...read].map(async ([name, value]) => [name, typeof value === "string" ? value : await value.text()]);
  assert.deepEqual(await Promise.all(told), [
    ["title", "Two"],
    ["cover", "of #aaaaaaaaaaaa"],
    ["files", "of #bbbbbbbbbbbb"],
    ["files", "of #aaaaaaaaaaaa"],
  ]);
  assert.equal((read.get("cover") as File).name, "#aaaaaaaaaaaa.txt");
  const missing = await scene.call("attach", { cover: "#deaddeaddead" });
  assert.deepEqual([missing.state, scene.seen.length], ["failed", 1]);
  const drawn = await scene.call("draw", { cover: "#aaaaaaaaaaaa" });
  assert.ok(drawn.state === "done");
  assert.deepEqual(drawn.output, { status: 200, body: "(a file: image/png)" });
  assert.deepEqual(
    drawn.parts?.map(({ mediaType, bytes: size }) => [mediaType, size]),
    [["image/png", picture.byteLength]],
  );
  assert.deepEqual(scene.kept.map(formatLabels), [formatLabels(attached.labels!)], "it may be made of what was sent");
  scene.disk.isFull = true;
  assert.match(JSON.stringify(await scene.call("draw")), /"unknown".*no room for it; it may have been carried out/);
});

test("createThirdPartyTools() asks for a token by a program's id and secret, uses it while it holds, and shows none of them", async () => {
  await using scene = await openScene();
  const results = [await scene.call("own"), await scene.call("own")];
  assert.deepEqual(scene.granted, ["t0ken0"], "one for both");
  scene.now.ms += 31_000;
  results.push(await scene.call("own"));
  assert.deepEqual(scene.granted, ["t0ken0", "t0ken1"], "another before it ends");
  assert.deepEqual(
    scene.seen.map(({ headers }) => headers.authorization),
    ["Bearer t0ken0", "Bearer t0ken0", "Bearer t0ken1"],
  );
  for (const result of results) assert.doesNotMatch(JSON.stringify(result), /cl1ent|t0ken/);
});

test("createThirdPartyTools() asks for a token with the scopes of an operation, and in the form where a server takes no header", async () => {
  await using scene = await openScene();
  scene.login.answer = "form";
  for (const name of ["own", "scoped", "order", "scoped"]) assert.equal((await scene.call(name)).state, "done", name);
  assert.deepEqual(scene.login.scopes, [undefined, undefined, "items:write items:read", "items:write items:read"]);
  assert.deepEqual(
    scene.seen.map(({ headers }) => headers.authorization),
    ["Bearer t0ken0", "Bearer t0ken1", "Bearer t0ken0", "Bearer t0ken1"],
  );
});

test("createThirdPartyTools() asks for one token more where a service refuses one, and for no further for a minute", async () => {
  await using scene = await openScene();
  await scene.call("own");
  scene.login.refused.add("t0ken0");
  const both = await Promise.all([scene.call("own"), scene.call("own")]);
  assert.deepEqual([both.map(({ state }) => state), scene.granted.length], [["done", "done"], 2], "sent once more");
  scene.now.ms += 61_000;
  scene.login.refused.add("t0ken2");
  const order = await scene.call("order");
  assert.match(JSON.stringify(order), /"failed".*"unauthenticated".*401/, "what is unsafe is not sent twice");
  assert.equal((await scene.call("order")).state, "done", "the next call has another token");
  scene.login.refused.add("t0ken3").add("t0ken4");
  for (let round = 0; round < 3; round += 1)
    assert.match(JSON.stringify(await scene.call("own")), /"failed".*"unauthenticated".*401/);
  assert.equal(scene.login.askedCount, 4, "whatever it refuses");
  scene.now.ms += 31_000;
  assert.equal((await scene.call("own")).state, "failed");
  scene.now.ms += 31_000;
  assert.deepEqual([(await scene.call("own")).state, scene.login.askedCount], ["done", 6]);
});

test("createThirdPartyTools() sends nothing without a token: that is a failure, known to all who wait, and not asked again at once", async () => {
  await using scene = await openScene();
  scene.login.answer = "nothing";
  const together = await Promise.all(["order", "own", "order"].map((name) => scene.call(name)));
  for (const result of [...together, await scene.call("order")])
    assert.match(JSON.stringify(result), /"failed".*"unavailable".*no token for client:login.*127\.0\.0\.1/);
  assert.deepEqual([scene.login.askedCount, scene.seen], [1, []]);
  scene.now.ms += 11_000;
  scene.login.answer = "refusal";
  assert.match(JSON.stringify(await scene.call("order")), /"failed".*"unauthenticated".*look at the id and secret/);
  await scene.call("own");
  assert.deepEqual([scene.login.askedCount, scene.seen], [3, []], "once in a header, once in the form");
  scene.now.ms += 11_000;
  scene.login.answer = "token";
  assert.equal((await scene.call("order")).state, "done");
});

test("createThirdPartyTools() lets a call leave that waits for a token, and keeps the token for the others", async () => {
  await using scene = await openScene();
  scene.login.answer = "later";
  const leaving = new AbortController();
  const left = scene.call("order", {}, leaving);
  const staying = scene.call("order");
  await until(() => scene.login.held.length > 0);
  leaving.abort(new RoostError("timeout", "the run was cancelled"));
  assert.deepEqual((await left).state, "failed");
  for (const answer of scene.login.held) answer();
  assert.deepEqual([(await staying).state, scene.login.askedCount, scene.seen.length], ["done", 1, 1]);
});

test("tokenOf() asks for nothing when its caller has left already: a failure that nobody waits for would end the process", async () => {
  const tokens = createProgramTokens({ clock: systemClock, rules: { allow: [] } });
  const request = {
    service: "acme",
    url: "https://login.example/token",
    given: "no id",
    scheme: "client:login",
    scopes: [],
  };
  const left = new RoostError("timeout", "the run was cancelled");
  await assert.rejects(tokens.tokenOf(request, AbortSignal.abort(left)), { message: "the run was cancelled" });
  await new Promise((resolve) => setImmediate(resolve));
});

test("createThirdPartyTools() names the host of the token where a call reaches it, and reaches it by the same rules", async () => {
  await using site = await startTestSite((_request, response) => response.writeHead(500).end());
  await using scene = await openScene({ tokenUrl: `${site.url}/token` });
  const reachOf = (name: string) => scene.tools.get(`acme_${name}`)?.reach?.({});
  const targets = [scene.host, site.host];
  assert.deepEqual(reachOf("order"), { target: targets.join(" "), targets, isOutside: true });
  assert.deepEqual(reachOf("read"), { target: scene.host, isOutside: true });
  assert.match(JSON.stringify(await scene.call("order")), /"failed".*"forbidden".*without TLS.*http\.allow/);
});

test("createThirdPartyTools() sends a body that is one file or one text as it is, and reads no files that are too much", async () => {
  await using scene = await openScene();
  assert.equal((await scene.call("putXml", { body: "<a>Ä</a>" })).state, "done");
  assert.deepEqual([scene.seen[0]?.headers["content-type"], scene.seen[0]?.body], ["application/xml", "<a>Ä</a>"]);
  const wrong = await scene.call("putRaw", { body: "#aaaaaaaaaaaa" });
  assert.match(JSON.stringify(wrong), /"invalid_input".*the file is text\/plain: the service takes image/);
  const input = { files: ["#b1bb1bb1bb1b", "#b1bb1bb1bb1c"] };
  assert.match(
    JSON.stringify(await scene.call("attach", input)),
    /"limit_exceeded".*27262976 bytes \(limit 26214400\)/,
  );
  assert.equal(scene.seen.length, 1);
});

test("createThirdPartyTools() reaches no address that the http tools may not reach, and none without TLS unasked", async () => {
  await using scene = await openScene({ allow: [] });
  const refused = await scene.call("read");
  assert.match(JSON.stringify(refused), /"forbidden".*without TLS.*http\.allow/);
  await using ranged = await openScene({ allow: ["127.0.0.0/8"] });
  assert.match(JSON.stringify(await ranged.call("write", {})), /"forbidden".*without TLS/);
  assert.deepEqual([scene.seen, ranged.seen], [[], []]);
});
