import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError, toRoostError } from "@roost/base";
import { Hono } from "hono";
import { createEventStreamResponse } from "./event-stream-response.ts";
import type { StreamItem, StreamPlace } from "./handlers.ts";
import { toProblem } from "./problem.ts";

interface Opened {
  response: Response;
  reader: ReadableStreamDefaultReader<Uint8Array>;
  controller: AbortController;
  closeCount(): number;
  read(): Promise<string | undefined>;
}

async function open(items: AsyncIterable<StreamItem<unknown> | StreamPlace>, keepAliveMs?: number): Promise<Opened> {
  const controller = new AbortController();
  let closed = 0;
  const app = new Hono().get("/", (context) =>
    createEventStreamResponse(context, items, {
      signal: controller.signal,
      onClose: () => (closed += 1),
      describeError: (thrown) => toProblem(toRoostError(thrown), { instance: "urn:uuid:0" }),
      keepAliveMs,
    }),
  );
  const response = await app.request("/");
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  return {
    response,
    reader,
    controller,
    closeCount: () => closed,
    read: async () => {
      const { done, value } = await reader.read();
      return done ? undefined : decoder.decode(value);
    },
  };
}

test("createEventStreamResponse() greets, sends items with id and name, and says that it is over", async () => {
  async function* items() {
    yield { id: "0" };
    yield { id: "1", event: "said", data: { text: "a\nb" } };
    yield { data: null };
  }
  const { response, read, closeCount } = await open(items());
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.equal(await read(), "retry: 1000\n\n");
  assert.equal(await read(), "event: place\ndata: {}\nid: 0\n\n");
  assert.equal(await read(), 'event: said\ndata: {"text":"a\\nb"}\nid: 1\n\n');
  assert.equal(await read(), "data: null\n\n");
  assert.equal(await read(), "event: end\ndata: {}\n\n");
  assert.equal(await read(), undefined);
  assert.equal(closeCount(), 1);
});

test("createEventStreamResponse() sends comments while nothing happens and loses no item to them", async () => {
  let say: (item: StreamItem<unknown>) => void = () => {};
  async function* items() {
    yield await new Promise<StreamItem<unknown>>((resolve) => (say = resolve));
  }
  const { read } = await open(items(), 1);
  await read();
  assert.equal(await read(), ": keep-alive\n\n");
  assert.equal(await read(), ": keep-alive\n\n");
  say({ data: "late" });
  let text = await read();
  while (text === ": keep-alive\n\n") text = await read();
  assert.equal(text, 'data: "late"\n\n');
});

test("createEventStreamResponse() asks for an item only when the reader can take one", async () => {
  let askedCount = 0;
  async function* items() {
    for (;;) {
      askedCount += 1;
      yield { data: askedCount };
    }
  }
  const { read, reader } = await open(items());
  await read();
  for (let count = 0; count < 5; count += 1) await read();
  assert.ok(askedCount <= 7, `${askedCount} items were asked for, 5 were read`);
  await reader.cancel();
});

test("createEventStreamResponse() returns the iterator when the reader leaves, even while it waits", async () => {
  let isReturned = false;
  let wake: () => void = () => {};
  const items: AsyncIterable<StreamItem<unknown>> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise((resolve) => (wake = () => resolve({ done: true, value: undefined }))),
      return: async () => {
        isReturned = true;
        wake();
        return { done: true, value: undefined };
      },
    }),
  };
  const { read, reader, closeCount } = await open(items);
  await read();
  const waiting = read();
  await reader.cancel();
  await waiting;
  assert.equal(isReturned, true);
  assert.equal(closeCount(), 1);
});

test("createEventStreamResponse() is cut without an end when its signal is aborted", async () => {
  async function* items(signal: AbortSignal) {
    yield { data: 1 };
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }
  const controller = new AbortController();
  const { read, controller: own, closeCount } = await open(items(controller.signal));
  await read();
  assert.equal(await read(), "data: 1\n\n");
  const waiting = read();
  own.abort();
  assert.equal(await waiting, undefined);
  assert.equal(closeCount(), 1);
  controller.abort();
});

test("createEventStreamResponse() tells an error as a problem event, and an item that is named like the protocol's own", async () => {
  async function* failing() {
    yield { data: 1 };
    throw new RoostError("conflict", "it broke");
  }
  const broken = await open(failing());
  await broken.read();
  await broken.read();
  const [, data = ""] = /^event: problem\ndata: (.*)\n\n$/.exec((await broken.read())!) ?? [];
  assert.equal((JSON.parse(data) as { detail: string }).detail, "it broke");
  assert.equal(await broken.read(), undefined);

  async function* misnamed() {
    yield { event: "end", data: 1 };
  }
  const { read } = await open(misnamed());
  await read();
  assert.match((await read())!, /event: problem\ndata: .*"code":"internal"/);
});
