import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createModelCheck } from "./create-model-check.ts";

/** A server that answers each request with the status, until it is closed. */
async function serve(status: number) {
  const server = createServer((_request, response) => response.writeHead(status).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, close };
}

const provider = (baseUrl: string) => ({ kind: "openai-compatible", id: "a", baseUrl, model: "small" }) as const;

test("createModelCheck() tells of a server that is away and of its return, asked at most every 15 s", async () => {
  let nowMs = 0;
  const { url, close } = await serve(404);
  await close();
  const check = createModelCheck([provider(url)], { nowMs: () => nowMs });
  assert.match((await check()) ?? "", /^small does not answer: connection refused at 127\.0\.0\.1/);
  const server = createServer((_request, response) => response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(Number(new URL(url).port), "127.0.0.1", resolve));
  assert.notEqual(await check(), null, "it was asked a moment ago");
  nowMs = 15_000;
  assert.equal(await check(), null, "a server that answers is there, whatever it lists");
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

test("createModelCheck() tells of a refused key, and never shows an address with a password", async () => {
  const refusing = await serve(401);
  const clock = { nowMs: () => 0 };
  assert.match((await createModelCheck([provider(refusing.url)], clock)()) ?? "", /refuses the key \(HTTP 401\)/);
  await refusing.close();
  const told = await createModelCheck([provider("http://me:hunter2@127.0.0.1:1/v1")], clock)();
  assert.ok(told !== null && !told.includes("hunter2"), `${told}`);
});

test("createModelCheck() asks OpenRouter for the key, which lists its models to everyone", async () => {
  const paths: (string | undefined)[] = [];
  const server = createServer(({ url }, response) => {
    paths.push(url);
    response.writeHead(url === "/api/v1/key" ? 401 : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`;
  const config = { kind: "openrouter", id: "openrouter", model: "openrouter/auto", apiKey: "k", baseUrl } as const;
  assert.match((await createModelCheck([config], { nowMs: () => 0 })()) ?? "", /refuses the key \(HTTP 401\)/);
  assert.deepEqual(paths, ["/api/v1/key"]);
  await new Promise<void>((resolve) => server.close(() => resolve()));
});
