import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { text } from "node:stream/consumers";
import { listen } from "./listen.ts";

const fetch = () => new Response("here");

test("listen() opens loopback only", async () => {
  for (const host of ["0.0.0.0", "::", "192.168.1.5", "roost.example", ""])
    await assert.rejects(listen({ host, port: 0, fetch }), { code: "forbidden" });
});

test("listen() refuses a port that was asked for and is taken, and finds another when none was", async () => {
  await using first = await listen({ host: "127.0.0.1", port: 0, fetch });
  await assert.rejects(listen({ host: "127.0.0.1", port: first.port, fetch }), { code: "conflict" });
  await using second = await listen({ host: "127.0.0.1", port: undefined, fetch });
  await using third = await listen({ host: "127.0.0.1", port: undefined, fetch });
  assert.notEqual(second.port, third.port);
  assert.equal(await (await globalThis.fetch(third.url)).text(), "here");
});

test("listen() answers what is no request with a problem document", async () => {
  await using listening = await listen({ host: "127.0.0.1", port: 0, fetch });
  const malformed: [sent: string, status: number][] = [
    ["nonsense\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\n\r\n", 400],
    ["GET http:// HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", 400],
    ["GET / HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n", 400],
    [`GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${"y".repeat(70_000)}\r\n\r\n`, 431],
  ];
  for (const [sent, status] of malformed) {
    const socket = connect(listening.port, "127.0.0.1");
    socket.write(sent);
    const answer = await text(socket);
    const [head = "", body = ""] = answer.split("\r\n\r\n");
    assert.match(head, new RegExp(`^HTTP/1.1 ${status} `), sent.slice(0, 40));
    assert.match(head, /content-type: application\/problem\+json/i, sent.slice(0, 40));
    assert.equal((JSON.parse(body) as { status: number }).status, status, sent.slice(0, 40));
  }
});
