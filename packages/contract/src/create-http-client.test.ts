import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { createHttpClient } from "./create-http-client.ts";
import { listPeople, people } from "./testing/people.ts";

async function serve(listener: RequestListener): Promise<{ baseUrl: string } & AsyncDisposable> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

test("createHttpClient() says that no gateway answers, and where", async () => {
  const server = await serve(() => {});
  await server[Symbol.asyncDispose]();
  const client = createHttpClient(people, { baseUrl: server.baseUrl });
  await assert.rejects(client.listPeople(), (error: Error & { code?: string }) => {
    assert.equal(error.code, "unavailable");
    assert.ok(error.message.startsWith(`${server.baseUrl} cannot be reached (`));
    assert.match(error.message, /is it running\?$/);
    return true;
  });
});

test("createHttpClient() waits no longer than it was told to", async () => {
  await using server = await serve(() => {});
  const client = createHttpClient(people, { baseUrl: server.baseUrl, timeoutMs: 20 });
  await assert.rejects(client.listPeople(), {
    code: "timeout",
    message: /listPeople got no answer from .* within 20ms/,
  });
  await assert.rejects(client.listPeople({}, { timeoutMs: 10 }), { code: "timeout", message: /within 10ms/ });
});

test("createHttpClient() sends the token, JSON, and the path below its base", async () => {
  const seen: unknown[] = [];
  const record = async (request: IncomingMessage, response: ServerResponse) => {
    const { authorization, "content-type": type } = request.headers;
    seen.push([request.method, request.url, authorization, type, await text(request)]);
    response.end('{"id":"p1","name":"Ada","tags":[],"note":null,"later":1}');
  };
  await using server = await serve((request, response) => void record(request, response));
  const client = createHttpClient(people, { baseUrl: `${server.baseUrl}/api/v1/`, token: "t0ken" });
  const person = await client.addPerson({ name: "Ada" });
  assert.deepEqual(seen, [["POST", "/api/v1/people", "Bearer t0ken", "application/json", '{"name":"Ada"}']]);
  assert.equal((person as { later?: number }).later, 1, "what a newer server adds is borne");
});

test("createHttpClient() refuses path parameters that would lead elsewhere", async () => {
  const client = createHttpClient(people, { baseUrl: "http://127.0.0.1:9" });
  for (const personId of ["", ".", ".."]) {
    await assert.rejects(client.getPerson({ personId }), { code: "invalid_input" }, personId);
  }
  await assert.rejects(client.getPerson({} as never), { code: "invalid_input", message: /getPerson needs personId/ });
  const paths = ["/../api", "/x/%2E%2e/../api", "/.\t./api", "/\\..\\..\\api", "@example.com/", "//../../api"];
  for (const path of paths) {
    const operations = [{ ...listPeople, path }];
    const foreign = createHttpClient({ operations }, { baseUrl: "http://127.0.0.1:9/services/people" });
    await assert.rejects(
      foreign.listPeople(),
      { code: "invalid_input", message: /its path .* leads elsewhere/s },
      path,
    );
  }
});

test("createHttpClient() follows no redirect, and reads answers that are no problem documents", async () => {
  await using away = await serve(
    (_request, response) => void response.writeHead(302, { location: "http://127.0.0.1:9/" }).end(),
  );
  await assert.rejects(createHttpClient(people, { baseUrl: away.baseUrl, token: "t" }).listPeople(), {
    name: "RoostError",
  });
  await using page = await serve((_request, response) => void response.writeHead(502).end("<html>"));
  await assert.rejects(createHttpClient(people, { baseUrl: page.baseUrl }).listPeople(), {
    code: "unavailable",
    message: "the server answered with status 502",
  });
  await using greeting = await serve((_request, response) => void response.end("hello"));
  await assert.rejects(createHttpClient(people, { baseUrl: greeting.baseUrl }).listPeople(), {
    code: "internal",
    message: /not JSON: hello/,
  });
});
