import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { text } from "node:stream/consumers";
import { listen, type RequestConnection } from "./listen.ts";

const token = { authorization: "Bearer right" };
/** Answers all callers at /open, and elsewhere only those with the token. */
const fetch = (request: Request, { onKnown }: RequestConnection) => {
  const isKnown = request.headers.get("authorization") === token.authorization;
  if (isKnown) onKnown();
  return new Response("here", { status: isKnown || request.url.endsWith("/open") ? 200 : 401 });
};

/** Also of one that is closed already. */
async function whenClosed(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket.resume(), "close");
}

/** Over a connection of its own, which stays open. */
async function ask(port: number, headers: Record<string, string>, path = "/") {
  const agent = new Agent({ keepAlive: true });
  const request = get({ host: "127.0.0.1", port, headers, agent, path });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response), close: () => agent.destroy() };
}

test("guardConnections() keeps room for callers with a token, however many connections without one are open", async () => {
  await using listening = await listen({ host: "127.0.0.1", port: 0, fetch });
  const idle: Socket[] = [];
  try {
    for (let count = 0; count < 700; count += 1) {
      const socket = connect(listening.port, "127.0.0.1").on("error", () => undefined);
      idle.push(socket);
      await once(socket, "connect");
    }
    const answer = await ask(listening.port, token);
    assert.deepEqual([answer.status, answer.body], [200, "here"]);
    answer.close();
  } finally {
    for (const socket of idle) socket.destroy();
  }
});

test("guardConnections() answers 503 above the limit of callers with a token; a wrong token takes no place, nor what everybody is answered", async () => {
  await using listening = await listen({ host: "127.0.0.1", port: 0, fetch, limits: { knownMax: 2, anonymousMax: 5 } });
  const wrong = { authorization: "Bearer wrong" };
  const refused = await Promise.all([1, 2, 3, 4].map(() => ask(listening.port, wrong)));
  assert.deepEqual(new Set(refused.map(({ status }) => status)), new Set([401]));
  const open = await Promise.all([1, 2, 3, 4].map(() => ask(listening.port, { cookie: "a=b" }, "/open")));
  assert.deepEqual(new Set(open.map(({ status }) => status)), new Set([200]));
  const held = [await ask(listening.port, token), await ask(listening.port, token)];
  assert.deepEqual(
    held.map(({ status }) => status),
    [200, 200],
  );
  const busy = await ask(listening.port, token);
  assert.equal(busy.status, 503);
  assert.match((JSON.parse(busy.body) as { detail: string }).detail, /2 connections with a token/);
  const busyAtV1 = await ask(listening.port, token, "/v1/models");
  const { error } = JSON.parse(busyAtV1.body) as { error: { type: string } };
  assert.deepEqual([busyAtV1.status, error.type], [503, "server_error"]);
  for (const each of [...refused, ...open, ...held, busy, busyAtV1]) each.close();
});

test("guardConnections() answers a caller that connects more often at once than is kept without a token, and closes the oldest of others", async () => {
  const limits = { knownMax: 50, anonymousMax: 5 };
  const connectAll = async (port: number, length = 20) => {
    const sockets = Array.from({ length }, () => connect(port, "127.0.0.1").on("error", () => undefined));
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    return sockets;
  };
  await using patient = await listen({ host: "127.0.0.1", port: 0, fetch, limits: { ...limits, graceMs: 60_000 } });
  const callers = await connectAll(patient.port);
  const head = `GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: ${token.authorization}\r\nconnection: close\r\n\r\n`;
  // Accepted after all of them.
  (await ask(patient.port, token)).close();
  for (const socket of callers) socket.write(head);
  for (const socket of callers) assert.match(await text(socket), /^HTTP\/1.1 200 /);

  const flood = await connectAll(patient.port, 30);
  await Promise.all(flood.slice(0, 5).map(whenClosed));

  await using strict = await listen({ host: "127.0.0.1", port: 0, fetch, limits: { ...limits, graceMs: 1 } });
  const idle = await connectAll(strict.port);
  await Promise.all(idle.slice(0, 15).map(whenClosed));
  for (const socket of [...flood, ...idle]) socket.destroy();
});
