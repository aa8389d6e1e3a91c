import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { mock, test } from "node:test";
import { silentLogger } from "@roost/base";
import { createHttpClient } from "./create-http-client.ts";
import { readHttpStream } from "./http-stream.ts";
import { createPeople, people } from "./testing/people.ts";
import { serveRoutes } from "./testing/serve-routes.ts";

const reconnect = { delayMsMin: 1, delayMsMax: 2, attemptsMax: 3 };

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

async function serve(answer: Answer): Promise<{ baseUrl: string; requests: IncomingMessage[] } & AsyncDisposable> {
  const requests: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(request);
    answer(request, response, requests.length);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function stream(response: ServerResponse, text: string): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(text);
}

function item(id: number): string {
  return `id: ${id}\ndata: {"text":"t${id}"}\n\n`;
}

async function textsOf(items: AsyncIterable<{ data: { text: string } }>): Promise<string[]> {
  return (await Array.fromAsync(items)).map(({ data }) => data.text);
}

test("createHttpClient() takes a stream up again where the connection was lost, without loss or repetition", async () => {
  await using server = await serve((request, response, count) => {
    const from = Number(request.headers["last-event-id"] ?? 0);
    stream(response, `retry: 1\n\n${item(from + 1)}${item(from + 2)}id: ${from + 3}\ndata: {"te`);
    if (count < 3) setImmediate(() => response.destroy());
    else response.end('xt":"t7"}\n\nevent: end\ndata: {}\n\n');
  });
  const client = createHttpClient(people, { baseUrl: server.baseUrl, reconnect });
  assert.deepEqual(await textsOf(client.watchPeople()), ["t1", "t2", "t3", "t4", "t5", "t6", "t7"]);
  assert.deepEqual(
    server.requests.map(({ headers }) => headers["last-event-id"]),
    [undefined, "2", "4"],
  );
});

test("createHttpClient() gives a lost stream up after its attempts, and says after which id to go on", async () => {
  await using server = await serve((_request, response, count) => {
    if (count === 1) {
      stream(response, item(1));
      setImmediate(() => response.destroy());
    } else {
      response.writeHead(503).end();
    }
  });
  const client = createHttpClient(people, { baseUrl: server.baseUrl, reconnect });
  const texts: string[] = [];
  await assert.rejects(
    async () => {
      for await (const { data } of client.watchPeople()) texts.push(data.text);
    },
    { code: "unavailable", message: /watchPeople was lost and 3 attempts to reconnect failed .* after 1$/ },
  );
  assert.deepEqual(texts, ["t1"]);
  assert.equal(server.requests.length, 4);
});

test("createHttpClient() does not count a connection that only greets as progress", async () => {
  await using server = await serve((_request, response) => {
    stream(response, "retry: 1\n\n");
    response.end();
  });
  const client = createHttpClient(people, { baseUrl: server.baseUrl, reconnect });
  await assert.rejects(textsOf(client.watchPeople()), { code: "unavailable" });
  assert.equal(server.requests.length, 3);
});

test("createHttpClient() does not come back to a stream that is refused", async () => {
  await using server = await serve((_request, response) => {
    response
      .writeHead(401, { "content-type": "application/problem+json" })
      .end('{"code":"unauthenticated","detail":"who?"}');
  });
  const client = createHttpClient(people, { baseUrl: server.baseUrl, reconnect });
  await assert.rejects(textsOf(client.watchPeople()), { code: "unauthenticated", message: "who?" });
  assert.equal(server.requests.length, 1);
});

test("createHttpClient() takes a connection that is silent for too long for lost", async () => {
  await using server = await serve((request, response) => {
    if (request.headers["last-event-id"] === undefined) stream(response, item(1));
    else response.writeHead(200, { "content-type": "text/event-stream" }).end(`${item(2)}event: end\ndata: {}\n\n`);
  });
  const client = createHttpClient(people, {
    baseUrl: server.baseUrl,
    reconnect: { ...reconnect, attemptsMax: 1000, idleMsMax: 50 },
  });
  assert.deepEqual(await textsOf(client.watchPeople()), ["t1", "t2"]);
});

test("readHttpStream() lets its reader take longer than the connection may be silent", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    let connectionCount = 0;
    let send: (text: string) => void = () => {};
    const connect = async (signal: AbortSignal) => {
      connectionCount += 1;
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          send = (text) => controller.enqueue(new TextEncoder().encode(text));
          signal.addEventListener("abort", () => controller.error(signal.reason));
        },
      });
      send(item(connectionCount));
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    };
    const items = readHttpStream({ what: "test", connect, reconnect: { idleMsMax: 1000 } });
    assert.equal((await items.next()).value?.id, "1");
    mock.timers.tick(1_000_000);
    send(item(2));
    assert.equal((await items.next()).value?.id, "2");
    mock.timers.tick(1_000_000);
    send("event: end\ndata: {}\n\n");
    assert.equal((await items.next()).done, true);
    assert.equal(connectionCount, 1);
  } finally {
    mock.timers.reset();
  }
});

test("createHttpClient() refuses a stream of another type, and items that are not JSON", async () => {
  await using page = await serve(
    (_request, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<p>"),
  );
  await assert.rejects(textsOf(createHttpClient(people, { baseUrl: page.baseUrl, reconnect }).watchPeople()), {
    code: "internal",
    message: /"text\/html" instead of text\/event-stream/,
  });
  await using garbage = await serve((_request, response) => stream(response, "data: {\n\n"));
  await assert.rejects(textsOf(createHttpClient(people, { baseUrl: garbage.baseUrl, reconnect }).watchPeople()), {
    code: "internal",
    message: /not JSON/,
  });
});

test("createHttpClient() finds its way back to a server that was started anew", async () => {
  const world = createPeople();
  world.say("one");
  const first = await serveRoutes(people, world.handlers, { logger: silentLogger });
  const { port } = first.server.address() as AddressInfo;
  const client = createHttpClient(people, { baseUrl: first.url, reconnect: { ...reconnect, attemptsMax: 1000 } });
  const items = client.watchPeople()[Symbol.asyncIterator]();
  assert.equal((await items.next()).value?.data.text, "one");
  const second = items.next();
  await first[Symbol.asyncDispose]();
  world.say("two");
  await using again = await serveRoutes(people, world.handlers, { logger: silentLogger, port });
  assert.equal(again.url, first.url);
  assert.equal((await second).value?.data.text, "two");
  await items.return?.();
});

test("createHttpClient() goes on from the place of a stream that was lost before its first item", async () => {
  await using server = await serve((_request, response, count) => {
    if (count < 3) stream(response, "retry: 1\n\nevent: place\nid: 7\ndata: {}\n\n");
    else stream(response, `${item(8)}event: end\ndata: {}\n\n`);
    if (count < 3) setImmediate(() => response.destroy());
    else response.end();
  });
  const client = createHttpClient(people, { baseUrl: server.baseUrl, reconnect });
  assert.deepEqual(await textsOf(client.watchPeople()), ["t8"]);
  assert.deepEqual(
    server.requests.map(({ headers }) => headers["last-event-id"]),
    [undefined, "7", "7"],
  );
});

test("readHttpStream() reads events however they are cut, and passes over what is none", async () => {
  const text =
    '\uFEFF: hello\r\nid: 1\r\nevent:x\r\ndata: {"a":\r\ndata: "ä 😀"}\r\n\r\nnope: 1\nevent: y\n\nevent: place\nid: 2\ndata: {}\n\ndata: 3\n\nevent: end\ndata: {}\n\n';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 7, bytes.length]) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let from = 0; from < bytes.length; from += size) controller.enqueue(bytes.slice(from, from + size));
        controller.close();
      },
    });
    const connect = async () => new Response(body, { headers: { "content-type": "text/event-stream" } });
    const items = await Array.fromAsync(readHttpStream({ what: "x", connect }));
    assert.deepEqual(items, [{ id: "1", event: "x", data: { a: "ä 😀" } }, { data: 3 }], `${size}`);
  }
});

test("readHttpStream() refuses an event without end", async () => {
  const line = new TextEncoder().encode(`data: ${"x".repeat(1024 * 1024)}\n`);
  const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(line) });
  const connect = async () => new Response(body, { headers: { "content-type": "text/event-stream" } });
  await assert.rejects(Array.fromAsync(readHttpStream({ what: "x", connect })), { code: "limit_exceeded" });
});
