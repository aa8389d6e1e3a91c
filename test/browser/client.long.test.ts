/** The client of a contract in a browser: bundled for one, without Node; the client alone without zod. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { text as readAll } from "node:stream/consumers";
import { createContext, runInContext } from "node:vm";
import { build, type Metafile } from "esbuild";
import { findChromium, noChromium } from "./open-browser.ts";

const program = fileURLToPath(new URL("client-program.ts", import.meta.url));
const repository = fileURLToPath(new URL("../..", import.meta.url));

async function bundle(entry: { path: string } | { code: string }): Promise<{ text: string; inputs: string[] }> {
  const source =
    "path" in entry ? { entryPoints: [entry.path] } : { stdin: { contents: entry.code, resolveDir: repository } };
  const result = await build({
    ...source,
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    platform: "browser",
    format: "iife",
    globalName: "program",
    target: "es2022",
    logLevel: "silent",
  });
  const metafile: Metafile = result.metafile;
  return { text: result.outputFiles[0]?.text ?? "", inputs: Object.keys(metafile.inputs) };
}

/** A gateway for the page: one conversation, over the real wire forms. */
async function serve(page: string): Promise<{ url: string; told: Promise<string> } & AsyncDisposable> {
  const told = Promise.withResolvers<string>();
  const server = createServer((request, response) => {
    const { url = "" } = request;
    if (url === "/") return void response.writeHead(200, { "content-type": "text/html" }).end(page);
    if (url === "/told") return void readAll(request).then(told.resolve, told.reject);
    if (request.headers.authorization !== "Bearer t0ken") return problem(response, 401, "unauthenticated");
    if (url === "/api/v1/sessions/main/messages")
      return answer(response, { messageId: "m", runId: "r", isRepeated: false });
    if (url !== "/api/v1/runs/r/watch") return problem(response, 404, "not_found");
    const isResumed = request.headers["last-event-id"] === "1";
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(isResumed ? event("over") : `retry: 1\n\nevent: place\nid: 0\ndata: {}\n\n${event("event", 1)}`);
    // The first connection is lost after an item: the client comes back for the rest.
    if (isResumed) response.end("event: end\ndata: {}\n\n");
    else setImmediate(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    told: told.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function answer(response: ServerResponse, body: object): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function problem(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify({ status, code, title: code, detail: code, type: "urn:x", instance: "urn:y" }));
}

function event(kind: string, id?: number): string {
  return `${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify({ kind })}\n\n`;
}

const expected = { runId: "r", refused: "not_found", items: ["event", "over"] };

test("the client alone is bundled without Node and without zod", async () => {
  const { inputs, text } = await bundle({ code: 'export { createHttpClient } from "@roost/contract/client";' });
  assert.deepEqual(
    inputs.filter((path) => path.includes("node_modules/zod")),
    [],
  );
  assert.ok(text.length < 40_000, `the client has ${text.length} characters`);
});

test("the client and Roost's contract run without anything of Node", async () => {
  const { text } = await bundle({ path: program });
  await using server = await serve("");
  // What every browser has, and no more: no process, no Buffer, no require.
  const names = [
    "fetch",
    "Headers",
    "Request",
    "Response",
    "URL",
    "URLSearchParams",
    "AbortController",
    "AbortSignal",
    "TextDecoder",
    "TextEncoder",
  ] as const;
  const web = Object.fromEntries(names.map((name) => [name, globalThis[name]]));
  const context = createContext({ ...web, setTimeout, clearTimeout, atob, btoa, console: undefined });
  runInContext(text, context);
  const run = runInContext("program.askAndWatch", context) as (url: string, token: string) => Promise<string>;
  assert.deepEqual(JSON.parse(await run(`${server.url}/api/v1`, "t0ken")), expected);
});

const chromium = await findChromium();

test("the client and Roost's contract run in Chromium", { skip: chromium === undefined && noChromium }, async () => {
  const { text } = await bundle({ path: program });
  const script = `${text.replaceAll("</script", "<\\/script")};
      const tell = (body) => fetch("/told", { method: "POST", body });
      program.askAndWatch(location.origin + "/api/v1", "t0ken").then(tell, (error) => tell(String(error.stack)));`;
  await using server = await serve(`<!doctype html><body><script>${script}</script>`);
  const profile = await mkdtemp(join(tmpdir(), "roost-chromium-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rm(profile, { recursive: true, force: true, maxRetries: 5 }));
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
  const browser = spawn(chromium ?? "", [...flags, `--user-data-dir=${profile}`, server.url], { stdio: "ignore" });
  const ended = once(browser, "exit");
  opened.defer(async () => {
    browser.kill("SIGKILL");
    await ended;
  });
  const told = await Promise.race([server.told, ended.then(() => "Chromium ended before the page had told anything")]);
  assert.deepEqual(JSON.parse(told), expected, told);
});
