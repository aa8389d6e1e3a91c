import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { connect } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import type { TLSSocket } from "node:tls";
import { join } from "node:path";
import { test } from "node:test";
import { text } from "node:stream/consumers";
import { gatewayFile, readGatewayUrl, silentLogger } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { listen } from "./listen.ts";
import type { CertificatePair } from "./open-certificate.ts";
import { testCertificates } from "./testing/test-certificates.ts";
import { publishAddress } from "./publish-address.ts";

const fetch = () => new Response("here");

test("listen() refuses a bind beyond loopback without TLS and without a named proxy, and says what to do", async () => {
  const names = ["roost.example"];
  for (const host of ["0.0.0.0", "::", "192.168.1.5", "roost.example", ""])
    await assert.rejects(listen({ host, port: 0, fetch, outside: { names } }), {
      code: "forbidden",
      message: /listen\.tls .*listen\.trustedProxies.*ROOST_HOST=127\.0\.0\.1/,
    });
  const trustedProxies = ["10.0.0.0/8"];
  await assert.rejects(listen({ host: "0.0.0.0", port: 0, fetch, outside: { trustedProxies } }), /listen\.names/);
  for (const wrong of ["10.0.0.0/0", "proxy.example", "10.0.0.0/33", "::/129"])
    await assert.rejects(listen({ host: "0.0.0.0", port: 0, fetch, outside: { names, trustedProxies: [wrong] } }), {
      code: "invalid_input",
    });
});

const [one, two] = testCertificates;

async function writeCertificate(directory: string, pair: CertificatePair) {
  const files = { cert: join(directory, "roost.crt"), key: join(directory, "roost.key") };
  await writeFile(files.key, pair.key);
  await writeFile(files.cert, pair.cert);
  return files;
}

/** Whom a server beyond loopback shows itself as, and what it answers. */
async function askTls(port: number): Promise<{ name: string; status: number | undefined }> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, path: "/", rejectUnauthorized: false, agent: false as const };
    get(options, (response) => {
      const name = (response.socket as TLSSocket).getPeerCertificate().subject.CN;
      response.resume().once("end", () => resolve({ name: String(name), status: response.statusCode }));
    }).once("error", reject);
  });
}

/** Connections that never speak TLS do not block others. */
async function askAmongSilent(port: number): Promise<void> {
  const silent = Array.from({ length: 120 }, () => connect(port, "127.0.0.1").on("error", () => undefined));
  try {
    await Promise.race(silent.map((socket) => once(socket, "close")));
    assert.equal((await askTls(port)).status, 200);
  } finally {
    for (const socket of silent) socket.destroy();
  }
}

test("listen() speaks TLS beyond loopback, and takes a new certificate without a restart, but no key of another", async () => {
  const directory = await mkdtemp(join(tmpdir(), "roost-tls-"));
  try {
    const files = await writeCertificate(directory, one);
    await writeFile(files.key, two.key);
    const problems: string[] = [];
    const tls = { ...files, everyMs: 5, onProblem: (reason: string) => void problems.push(reason) };
    const outside = { names: ["roost.example"], tls };
    await assert.rejects(listen({ host: "0.0.0.0", port: 0, fetch, outside }), /is not the key of the certificate/);
    await writeCertificate(directory, one);
    await using listening = await listen({ host: "0.0.0.0", port: 0, fetch, outside });
    const port = listening.rules.outside!.port!;
    assert.deepEqual(await askTls(port), { name: "one.roost.example", status: 200 });
    assert.equal(await (await globalThis.fetch(listening.url)).text(), "here", "its own programs come by loopback");
    await assert.rejects(globalThis.fetch(`http://127.0.0.1:${port}`), "nothing is served in the clear");
    await askAmongSilent(port);
    // Between the two files nothing changes.
    await writeFile(files.cert, two.cert);
    await until(() => problems.length > 0);
    assert.equal((await askTls(port)).name, "one.roost.example");
    await writeFile(files.key, two.key);
    await until(async () => (await askTls(port)).name === "two.roost.example");
  } finally {
    await rm(directory, { recursive: true });
  }
});

const address = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
const needsAddress = { skip: address === undefined && "this machine has no address but loopback" };

test("listen() without TLS beyond loopback speaks to the named proxy alone", needsAddress, async () => {
  const names = ["roost.example"];
  const ask = async (trustedProxies: string[]) => {
    await using listening = await listen({ host: "0.0.0.0", port: 0, fetch, outside: { names, trustedProxies } });
    const answer = await globalThis.fetch(`http://${address}:${listening.rules.outside!.port}`).catch(() => undefined);
    return answer?.status;
  };
  assert.equal(await ask(["203.0.113.7"]), undefined);
  assert.equal(await ask([address!]), 200);
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
    ["GET / HTTP/1.1\r\nconnection: close\r\n\r\n", 400],
    ["GET http:// HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n", 400],
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

test("listen() lets a call that is being answered end when it stops", async () => {
  const arrived = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const slowly = async () => {
    arrived.resolve();
    await go.promise;
    return new Response("here");
  };
  const server = await listen({ host: "127.0.0.1", port: 0, fetch: slowly });
  const asked = globalThis.fetch(server.url);
  await arrived.promise;
  const ended = server[Symbol.asyncDispose]();
  await assert.rejects(globalThis.fetch(server.url, { headers: { connection: "close" } }), "it takes no more");
  go.resolve();
  assert.equal(await (await asked).text(), "here");
  await ended;
});

test("listen() closes a connection whose head or body comes drop by drop, and answers others meanwhile", async () => {
  const timeouts = { headersMs: 1_000, silenceMs: 2_000, bytesMin: 1_000, checkMs: 20 };
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

test("listen() takes a large body over a line that is slow and moves, however long that takes, and ends one that stops", async () => {
  const windowMs = 60_000;
  let clockMs = 0;
  let lookCount = 0;
  const nowMs = () => {
    lookCount += 1;
    return clockMs;
  };
  const timeouts = { headersMs: 60_000, silenceMs: windowMs, bytesMin: 1_000, checkMs: 5, nowMs };
  let arrived: number | undefined;
  const read = async (request: Request) => {
    arrived = 0;
    for await (const chunk of request.body!) arrived += chunk.byteLength;
    return new Response(String(arrived));
  };
  await using listening = await listen({ host: "127.0.0.1", port: 0, fetch: read, timeouts });
  const pieces = 10;
  const bytes = 2_000;
  /** As many pieces of the body, one in each window. */
  const send = async (count: number) => {
    arrived = undefined;
    const socket = connect(listening.port, "127.0.0.1").on("error", () => undefined);
    const answer = text(socket).catch(() => "");
    socket.write(
      `POST / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: ${pieces * bytes}\r\n\r\n`,
    );
    await until("its head has arrived", () => arrived === 0);
    for (let sent = 1; sent <= count; sent += 1) {
      socket.write(Buffer.alloc(bytes));
      await until("it has arrived", () => arrived === sent * bytes);
      await passWindow();
    }
    return { answer };
  };
  const passWindow = async () => {
    clockMs += windowMs;
    const seen = lookCount;
    await until("the limit was looked at", () => lookCount > seen);
  };
  assert.match(await (await send(pieces)).answer, /^HTTP\/1\.1 200 [\s\S]*20000$/);
  const cut = await send(pieces / 2);
  await passWindow();
  assert.match(await cut.answer, /^HTTP\/1\.1 408 [\s\S]*did not arrive in time/);
});

test("publishAddress() names this gateway again once the one named after it does not answer, or none is named", async () => {
  const homeDir = await mkdtemp(join(tmpdir(), "roost-address-"));
  try {
    await mkdir(join(homeDir, ".roost"));
    await using own = await listen({ host: "127.0.0.1", port: 0, fetch });
    const other = await listen({ host: "127.0.0.1", port: 0, fetch });
    const naming = (url: string) => writeFile(gatewayFile(homeDir), JSON.stringify({ url }));
    const isNamed = (url: string) => until(async () => (await readGatewayUrl(homeDir).catch(() => "")) === url);
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
