/** What HTTP has beyond JSON in and out: content, revisions and idempotency keys. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError, silentLogger } from "@roost/base";
import { Validator } from "@seriousme/openapi-schema-validator";
import { z } from "zod";
import { content } from "./content.ts";
import { createHttpClient } from "./create-http-client.ts";
import { createOpenApi } from "./create-open-api.ts";
import { createRoutes } from "./create-routes.ts";
import { defineOperation } from "./define-operation.ts";
import type { Handlers } from "./handlers.ts";
import { ref } from "./records/fields.ts";
import type { KeyedCall } from "./run-operation.ts";
import { serveAll } from "./serve.ts";
import { contractOf, principalOf } from "./testing/people.ts";
import { serveRoutes } from "./testing/serve-routes.ts";

const Page = z.object({ pageId: z.string(), version: z.number(), text: z.string(), authorId: ref("Person") });

const getPage = defineOperation({
  id: "getPage",
  method: "GET",
  path: "/pages/{pageId}",
  summary: "A page",
  input: z.object({ pageId: z.string() }),
  output: z.object({ page: Page }),
  effect: "readonly",
  revision: { of: "page.version" },
});
const putPage = defineOperation({
  id: "putPage",
  method: "PUT",
  path: "/pages/{pageId}",
  summary: "Writes a page",
  input: z.object({ pageId: z.string(), text: z.string(), expectedVersion: z.number().int().optional() }),
  output: z.object({ page: Page }),
  errors: ["conflict"],
  effect: "idempotent",
  revision: { of: "page.version", expected: "expectedVersion" },
  examples: [{ summary: "Short", input: { pageId: "a", text: "b" } }],
});
const putPhoto = defineOperation({
  id: "putPhoto",
  method: "PUT",
  path: "/pages/{pageId}/photo",
  summary: "Keeps a photo",
  input: z.object({
    pageId: z.string(),
    alt: z.string().optional(),
    photo: content(["image/png", "image/jpeg"], { bytesMax: 8 }),
  }),
  output: z.object({ alt: z.string(), bytes: z.number() }),
  effect: "idempotent",
});
const getPhoto = defineOperation({
  id: "getPhoto",
  method: "GET",
  path: "/pages/{pageId}/photo",
  summary: "A photo",
  input: z.object({ pageId: z.string() }),
  output: content(["image/png"]),
  effect: "readonly",
});
const putFilm = defineOperation({
  id: "putFilm",
  method: "POST",
  path: "/films",
  summary: "Keeps a film",
  input: z.object({ film: content(["*/*"], { bytesMax: 8, isStreamed: true }) }),
  output: z.object({ bytes: z.number() }),
  effect: "idempotent",
});
const pages = contractOf([getPage, putPage, putPhoto, getPhoto, putFilm]);

function createPages(): Handlers<typeof pages.operations> {
  let page = { pageId: "a", version: 1, text: "", authorId: "p1" };
  return {
    getPage: () => ({ page }),
    putPage: ({ text, expectedVersion }) => {
      if (expectedVersion !== undefined && expectedVersion !== page.version)
        throw new RoostError("conflict", `the page has version ${page.version}`);
      page = { ...page, text, version: page.version + 1 };
      return { page };
    },
    putPhoto: ({ alt, photo }) => ({ alt: `${alt} ${photo.mediaType}`, bytes: photo.bytes.byteLength }),
    getPhoto: ({ pageId }) => ({
      mediaType: "image/png",
      bytes: new Uint8Array([1, 2, 3]),
      filename: "Grüße 1.png",
      sha256: pageId === "known" ? "abc" : undefined,
    }),
    putFilm: async ({ film }) => {
      let bytes = 0;
      for await (const piece of film.bytes instanceof Uint8Array ? [film.bytes] : film.bytes) bytes += piece.byteLength;
      return { bytes };
    },
  };
}

test("content goes both ways as it is, with its other fields in the query", async () => {
  await using server = await serveRoutes(pages, createPages(), { logger: silentLogger });
  const client = createHttpClient(pages, { baseUrl: server.url });
  const photo = { mediaType: "image/png", bytes: new Uint8Array([9, 9]) };
  assert.deepEqual(await client.putPhoto({ pageId: "a", alt: "a cat", photo }), { alt: "a cat image/png", bytes: 2 });
  const got = await client.getPhoto({ pageId: "a" });
  assert.deepEqual(got, { mediaType: "image/png", bytes: new Uint8Array([1, 2, 3]), filename: "Grüße 1.png" });
  const large = { ...photo, bytes: new Uint8Array(9) };
  await assert.rejects(client.putPhoto({ pageId: "a", photo: large }), { code: "limit_exceeded", message: /8 bytes/ });
  const text = { ...photo, mediaType: "text/plain" };
  await assert.rejects(client.putPhoto({ pageId: "a", photo: text }), { message: /send image\/png or image\/jpeg/ });
});

test("content of a known hash is answered with ETag and ranges, and not sent again to who has it", async () => {
  const routes = createRoutes(serveAll(pages, createPages()), { principalOf, logger: silentLogger });
  const ask = async (headers: Record<string, string> = {}) => {
    const response = await routes.request("/pages/known/photo", { headers });
    const body = [...new Uint8Array(await response.arrayBuffer())];
    return [response.status, response.headers.get("content-range"), ...(response.status < 400 ? body : [])];
  };
  assert.deepEqual(await ask(), [200, null, 1, 2, 3]);
  assert.deepEqual(await ask({ "if-none-match": '"abc"' }), [304, null]);
  assert.deepEqual(await ask({ range: "bytes=1-" }), [206, "bytes 1-2/3", 2, 3]);
  assert.deepEqual(await ask({ range: "bytes=0-0", "if-range": '"abc"' }), [206, "bytes 0-0/3", 1]);
  assert.deepEqual(await ask({ range: "bytes=-2" }), [206, "bytes 1-2/3", 2, 3]);
  assert.deepEqual(await ask({ range: "bytes=0-0", "if-range": '"other"' }), [200, null, 1, 2, 3]);
  assert.deepEqual(await ask({ range: "bytes=2-1" }), [200, null, 1, 2, 3]);
  assert.deepEqual(await ask({ range: "bytes=3-" }), [416, null]);
});

test("streamed content is read while it arrives, and refused with 413 as soon as it is too long", async () => {
  await using server = await serveRoutes(pages, createPages(), { logger: silentLogger });
  const client = createHttpClient(pages, { baseUrl: server.url });
  const film = (length: number) => ({ mediaType: "video/mp4", bytes: new Uint8Array(length) });
  assert.deepEqual(await client.putFilm({ film: film(8) }), { bytes: 8 });
  await assert.rejects(client.putFilm({ film: film(9) }), { code: "limit_exceeded" });
  // Without a length in its head.
  const body = ReadableStream.from([new Uint8Array(5), new Uint8Array(5)]);
  const long = await fetch(`${server.url}/films`, { method: "POST", body, duplex: "half" });
  assert.equal(long.status, 413);
});

test("a revision is an ETag: what is known is not sent again, and If-Match refuses what has changed", async () => {
  const routes = createRoutes(serveAll(pages, createPages()), { principalOf, logger: silentLogger });
  const first = await routes.request("/pages/a");
  assert.deepEqual([first.headers.get("etag"), first.headers.get("cache-control")], ['"1"', "no-cache, private"]);
  assert.equal((await routes.request("/pages/a", { headers: { "if-none-match": 'W/"1", "7"' } })).status, 304);
  const put = (match: string) =>
    routes.request("/pages/a", {
      method: "PUT",
      body: '{"text":"x"}',
      headers: { "content-type": "application/json", "if-match": match },
    });
  assert.deepEqual([(await put('"1"')).headers.get("etag"), (await put('"1"')).status], ['"2"', 412]);
  assert.equal((await put("*")).status, 200);
  assert.equal((await put("2")).status, 400);
});

test("a call with an idempotency key is kept in one place, after its input was checked, and told as repeated", async () => {
  const kept: KeyedCall[] = [];
  const keepAnswer = async (call: KeyedCall, work: () => Promise<unknown>) => {
    kept.push(call);
    return kept.length === 1
      ? { output: await work(), isRepeated: false }
      : { output: { page: "as before" }, isRepeated: true };
  };
  const routes = createRoutes(serveAll(pages, createPages()), { principalOf, keepAnswer, logger: silentLogger });
  const put = (body: string) =>
    routes.request("/pages/a", {
      method: "PUT",
      body,
      headers: { "content-type": "application/json", "idempotency-key": "k1" },
    });
  assert.equal((await put('{"text":1}')).status, 400);
  assert.equal((await put('{"text":"x"}')).headers.get("idempotency-replayed"), null);
  const again = await put('{"text":"x"}');
  assert.deepEqual([again.headers.get("idempotency-replayed"), await again.json()], ["true", { page: "as before" }]);
  await routes.request("/pages/a", { headers: { "idempotency-key": "k1" } });
  assert.equal(kept.length, 2, "reading is not kept");
  const [{ service, operation, principal, key, input }] = kept as [KeyedCall];
  assert.deepEqual(
    [service, operation.id, principal.id, key, input],
    ["test", "putPage", "person:test", "k1", { pageId: "a", text: "x" }],
  );
});

test("a call that is not served here begins no idempotency key", async () => {
  const refuse = () => new RoostError("unavailable", "ask another server", { details: { httpStatus: 501 } });
  const { contract, served } = serveAll(pages, createPages());
  const keepAnswer = () => assert.fail("a key was begun");
  const refused = { contract, served: served.map((each) => ({ ...each, refuse })) };
  const routes = createRoutes(refused, { principalOf, keepAnswer, logger: silentLogger });
  const headers = { "content-type": "application/json", "idempotency-key": "k1" };
  const put = await routes.request("/pages/a", { method: "PUT", body: '{"text":"x"}', headers });
  assert.deepEqual([put.status, ((await put.json()) as { detail: string }).detail], [501, "ask another server"]);
});

test("createOpenApi() describes content, revisions, keys, references, scopes and examples", async () => {
  const document = createOpenApi(pages, { version: "1" }) as Record<string, any>;
  assert.deepEqual(await new Validator().validate(structuredClone(document) as never), { valid: true });
  const { get, put } = document["paths"]["/pages/{pageId}"];
  assert.deepEqual(Object.keys(get.responses["200"].headers), ["ETag"]);
  assert.ok("304" in get.responses);
  const names = put.parameters.map(({ name }: { name: string }) => name);
  assert.deepEqual(names, ["pageId", "Idempotency-Key", "If-Match"]);
  assert.deepEqual([put["x-roost-scope"], put["x-roost-examples"].length], ["test.pages:write", 1]);
  const { author, ...rest } = get.responses["200"].content["application/json"].schema.properties.page.properties;
  assert.equal(author, undefined);
  assert.equal(rest.authorId["x-roost-ref"], "Person");
  const photo = document["paths"]["/pages/{pageId}/photo"];
  assert.deepEqual(Object.keys(photo.put.requestBody.content), ["image/png", "image/jpeg"]);
  assert.deepEqual(Object.keys(photo.get.responses["200"].content), ["image/png"]);
});
