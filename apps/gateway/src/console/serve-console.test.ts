import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Hono } from "hono";
import type { ConsoleState } from "./open-console.ts";
import { serveGraphiql } from "./serve-graphiql.ts";
import { consolePolicy, serveConsole } from "./serve-console.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const ready: ConsoleState = {
  kind: "ready",
  files: new Map([
    ["/index.html", bytes("<head><!-- hints --></head>")],
    ["/hints.json", bytes("{}")],
    ["/assets/a-1.js", bytes("a")],
    ["/assets/a-1.js.br", bytes("b")],
    ["/assets/a-1.js.gz", bytes("g")],
    ["/sw.js", bytes("worker")],
  ]),
  hints: { "*": { files: "any", asks: "" }, "/chat": { files: "chunk", asks: "sessions" } },
};

function ask(state: ConsoleState, path: string, headers: Record<string, string> = {}, method = "GET") {
  const serve = serveConsole({ state: () => state, settled: Promise.resolve() }, { ofServer: ["/api", "/services"] });
  return serve(new Request(`http://127.0.0.1:7717${path}`, { method, headers }));
}

const page = { accept: "text/html" };

test("serveConsole() sends each file in the shortest form that is understood, and for good when its name is its content's", async () => {
  const brotli = ask(ready, "/assets/a-1.js", { "accept-encoding": "gzip, br" });
  assert.equal(await brotli?.text(), "b");
  assert.equal(brotli?.headers.get("content-encoding"), "br");
  assert.match(brotli?.headers.get("cache-control") ?? "", /immutable/);
  assert.equal(await ask(ready, "/assets/a-1.js")?.text(), "a");
  assert.equal(ask(ready, "/sw.js")?.headers.get("cache-control"), "no-cache");
  const etag = brotli?.headers.get("etag") ?? "";
  assert.equal(ask(ready, "/assets/a-1.js", { "accept-encoding": "br", "if-none-match": etag })?.status, 304);
});

test("serveConsole() sends its page for every address of a screen, with the policy, and with hints for who may have the answers", async () => {
  const stranger = ask(ready, "/chat/main", page);
  assert.equal(await stranger?.text(), "<head>chunk</head>");
  assert.equal(stranger?.headers.get("content-security-policy"), consolePolicy);
  const known = ask(ready, "/chat", { ...page, cookie: "roost_session_7717=x", "accept-encoding": "gzip" });
  assert.match(gunzipSync((await known?.bytes()) ?? "").toString(), /chunk\s+sessions/);
  assert.equal(await ask(ready, "/elsewhere", page)?.text(), "<head>any</head>");
});

test("serveConsole() leaves alone what is the server's, other methods, and files that are not the console's", () => {
  const left = [
    ask(ready, "/api/v1/status", page),
    ask(ready, "/services", page),
    ask(ready, "/chat", page, "POST"),
    ask(ready, "/chat"),
    ask(ready, "/hints.json"),
    ask(ready, "/assets/../index.html"),
    ask(ready, "/%2e%2e/package.json", page),
  ];
  assert.deepEqual(left, Array(left.length).fill(undefined));
});

test("serveConsole() says that it is being built, or why it could not be, as text", async () => {
  const building = ask({ kind: "building" }, "/", page);
  assert.deepEqual([building?.status, building?.headers.get("retry-after")], [503, "1"]);
  const failed = ask({ kind: "failed", why: "in <script>alert(1)</script>" }, "/runs", page);
  assert.equal(failed?.status, 500);
  assert.match((await failed?.text()) ?? "", /in &lt;script>alert/);
  assert.equal(ask({ kind: "building" }, "/assets/a-1.js"), undefined);
});

test("serveGraphiql() sends its page and its files to this machine alone, the page with a policy", async () => {
  const state: ConsoleState = {
    ...ready,
    files: new Map([
      ["/graphiql/index.html", bytes("<html>ide</html>")],
      ["/graphiql/assets/i-1.js", bytes("i")],
      ["/index.html", bytes("console")],
    ]),
  };
  const serve = serveGraphiql({ state: () => state, settled: Promise.resolve() });
  const app = new Hono().get("/graphql/ide", serve).get("/graphql/ide/*", serve);
  app.onError((error) => new Response(error.message, { status: 403 }));
  const from = (remoteAddress: string) => ({ incoming: { socket: { remoteAddress } } });
  const look = (path: string, address = "127.0.0.1") =>
    app.request(`http://127.0.0.1:7717/graphql/ide${path}`, { headers: { host: "127.0.0.1:7717" } }, from(address));
  const shown = await look("");
  assert.match(shown.headers.get("content-security-policy") ?? "", /^default-src 'none'; script-src 'self';/);
  assert.equal(await shown.text(), "<html>ide</html>");
  assert.equal(await (await look("/assets/i-1.js")).text(), "i");
  assert.equal((await look("", "192.0.2.1")).status, 403);
  for (const path of ["/../index.html", "/index.html", "/assets/../../index.html"])
    assert.doesNotMatch(await (await look(path)).text(), /console/);
});
