import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { gatewayFile, readGatewayUrl, silentLogger } from "@roost/base";
import { listen } from "./listen.ts";
import { publishAddress } from "./publish-address.ts";

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

test("listen() closes a connection whose head or body comes drop by drop, and answers others meanwhile", async () => {
  const timeouts = { headersMs: 100, requestMs: 200, checkMs: 20 };
  const read = async (request: Request) => new Response(await request.text());
  await using listening = await listen({ host: "127.0.0.1", port: 0, fetch: read, timeouts });
  const head = "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n";
  const slow = [head, `${head}\r\nx`].map(async (sent) => {
    const socket = connect(listening.port, "127.0.0.1");
    socket.write(sent);
    return text(socket);
  });
  assert.equal(await (await globalThis.fetch(listening.url, { method: "POST", body: "quick" })).text(), "quick");
  for (const answer of await Promise.all(slow)) assert.match(answer, /^HTTP\/1.1 408 /);
});

test("publishAddress() names this gateway again once the one named after it does not answer, or nobody is named", async () => {
  const homeDir = await mkdtemp(join(tmpdir(), "roost-address-"));
  try {
    await mkdir(join(homeDir, ".roost"));
    await using own = await listen({ host: "127.0.0.1", port: 0, fetch });
    const other = await listen({ host: "127.0.0.1", port: 0, fetch });
    const naming = (url: string) => writeFile(gatewayFile(homeDir), JSON.stringify({ url }));
    const isNamed = async (url: string) => {
      while ((await readGatewayUrl(homeDir).catch(() => "")) !== url) await setImmediate();
    };
    {
      const options = { url: own.url, startedAtMs: 0, logger: silentLogger, everyMs: 1 };
      await using _address = await publishAddress(homeDir, options);
      await isNamed(own.url);
      await naming(other.url);
      await other[Symbol.asyncDispose]();
      await isNamed(own.url);
      await rm(gatewayFile(homeDir));
      await isNamed(own.url);
    }
    await assert.rejects(readGatewayUrl(homeDir), { code: "unavailable" });
  } finally {
    await rm(homeDir, { recursive: true });
  }
});
