import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { startTestSite, type TestSite } from "../testing/start-test-site.ts";
import { guardedFetch } from "./guarded-fetch.ts";

interface Site extends TestSite {
  requests: string[];
}

async function openSite(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Site> {
  const requests: string[] = [];
  const site = await startTestSite((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.authorization ?? ""}`.trim());
    answer(request, response);
  });
  return { ...site, requests };
}

const signal = new AbortController().signal;

test("guardedFetch() refuses a loopback address, also behind a name, before anything is sent", async () => {
  await using site = await openSite((_, response) => response.end("secret"));
  for (const url of [
    site.url,
    site.url.replace("127.0.0.1", "localhost"),
    site.url.replace("127.0.0.1", "2130706433"),
  ]) {
    await assert.rejects(guardedFetch({ url, method: "GET" }, { rules: { allow: [] }, signal }), { code: "forbidden" });
  }
  assert.deepEqual(site.requests, []);
});

test("guardedFetch() checks the address of every redirect", async () => {
  await using inside = await openSite((_, response) => response.end("secret"));
  await using outside = await openSite((_, response) => response.writeHead(302, { location: inside.url }).end());
  await assert.rejects(
    guardedFetch({ url: outside.url, method: "GET" }, { rules: { allow: [outside.host] }, signal }),
    { code: "forbidden" },
  );
  assert.deepEqual(inside.requests, []);
});

test("guardedFetch() checks each answer of a name whose addresses change, and all addresses of an answer", async () => {
  await using site = await openSite((_, response) => response.writeHead(302, { location: "/again" }).end());
  const { port } = new URL(site.url);
  const v4 = (address: string) => ({ address, family: 4 });
  const ask = (answers: { address: string; family: number }[][]) =>
    guardedFetch(
      { url: `http://changes.example:${port}/`, method: "GET" },
      {
        rules: { allow: ["127.0.0.1/32"] },
        signal,
        resolveHost: (_name, _options, callback) => callback(null, answers.shift() ?? []),
      },
    );
  await assert.rejects(ask([[v4("127.0.0.1")], [v4("169.254.169.254")]]), { code: "forbidden" });
  assert.deepEqual(site.requests, ["GET /"], "the redirect is resolved anew, and not followed");
  await assert.rejects(ask([[v4("127.0.0.1"), { address: "::ffff:10.0.0.1", family: 6 }]]), { code: "forbidden" });
  assert.equal(site.requests.length, 1);
});

test("guardedFetch() reaches no host that is held back by another name of its server, and what has an address of its own", async () => {
  await using site = await openSite((_, response) => response.end("secret"));
  const { port } = new URL(site.url);
  const addresses: Record<string, string> = {
    "denied.example": "127.0.0.1",
    "alias.example": "::ffff:127.0.0.1",
    "other.example": "127.0.0.1",
  };
  const ask = (host: string, heldHosts: string[]) =>
    guardedFetch(
      { url: `http://${host}:${port}/`, method: "GET" },
      {
        rules: { allow: ["127.0.0.0/8"] },
        signal,
        heldHosts,
        resolveHost: (name, _options, callback) =>
          addresses[name] === undefined
            ? callback(Object.assign(new Error(name), { code: "ENOTFOUND" }), [])
            : callback(null, [{ address: addresses[name], family: addresses[name].includes(":") ? 6 : 4 }]),
      },
    );
  for (const alias of ["alias.example", "other.example"])
    await assert.rejects(ask(alias, ["unknown.example", "denied.example"]), {
      code: "forbidden",
      message: /as denied\.example is/,
    });
  assert.deepEqual(site.requests, []);
  addresses["denied.example"] = "127.0.0.2";
  assert.equal((await ask("other.example", ["unknown.example", "denied.example"])).text, "secret");
});

test("guardedFetch() is refused as unavailable where the addresses of a host that is held back cannot be known", async () => {
  await using site = await openSite((_, response) => response.end("secret"));
  const { port } = new URL(site.url);
  const ask = (fail: (callback: (error: NodeJS.ErrnoException, addresses: []) => void) => void) =>
    guardedFetch(
      { url: `http://alias.example:${port}/`, method: "GET" },
      {
        rules: { allow: ["127.0.0.0/8"] },
        signal,
        heldHosts: ["denied.example"],
        heldLookupMsMax: 20,
        resolveHost: (name, _options, callback) =>
          name === "denied.example" ? fail(callback) : callback(null, [{ address: "127.0.0.1", family: 4 }]),
      },
    );
  const failing = (code: string) => ask((callback) => callback(Object.assign(new Error(code), { code }), []));
  const expected = { code: "unavailable", message: /addresses are not known/ };
  for (const code of ["EAI_AGAIN", "ESERVFAIL", "ETIMEOUT"]) await assert.rejects(failing(code), expected, code);
  await assert.rejects(
    ask(() => undefined),
    expected,
    "a resolver that says nothing",
  );
  assert.deepEqual(site.requests, []);
  for (const code of ["ENOTFOUND", "ENODATA"]) assert.equal((await failing(code)).text, "secret", code);
});

test("guardedFetch() asks no proxy of the environment", async () => {
  await using proxy = await openSite((_, response) => response.end("seen"));
  await using site = await openSite((_, response) => response.end("direct"));
  const names = [
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "NODE_USE_ENV_PROXY",
  ];
  const before = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) process.env[name] = name === "NODE_USE_ENV_PROXY" ? "1" : proxy.url;
  try {
    const reply = await guardedFetch({ url: site.url, method: "GET" }, { rules: { allow: [site.host] }, signal });
    assert.equal(reply.text, "direct");
  } finally {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  }
  assert.deepEqual(proxy.requests, [], "it would connect to whatever it is told");
});

test("guardedFetch() gives up after too many redirects", async () => {
  await using site = await openSite((_, response) => response.writeHead(307, { location: "/again" }).end());
  await assert.rejects(guardedFetch({ url: site.url, method: "GET" }, { rules: { allow: [site.host] }, signal }), {
    code: "limit_exceeded",
  });
});

test("guardedFetch() does not carry credentials to another origin", async () => {
  await using second = await openSite((_, response) => response.end("ok"));
  await using first = await openSite((_, response) =>
    response.writeHead(302, { location: `${second.url}/there` }).end(),
  );
  const rules = { allow: [first.host, second.host] };
  await guardedFetch({ url: first.url, method: "GET", headers: { authorization: "Bearer x" } }, { rules, signal });
  assert.deepEqual(first.requests, ["GET / Bearer x"]);
  assert.deepEqual(second.requests, ["GET /there"]);
});

test("guardedFetch() stops reading at the limit, also when few bytes unpack to many", async () => {
  await using site = await openSite((_, response) =>
    response
      .writeHead(200, { "content-type": "text/plain", "content-encoding": "gzip" })
      .end(gzipSync(Buffer.alloc(20_000_000, 97))),
  );
  const reply = await guardedFetch(
    { url: site.url, method: "GET" },
    { rules: { allow: [site.host] }, signal, bodyBytesMax: 1000 },
  );
  assert.equal(reply.text.length, 1000);
  assert.equal(reply.isTruncated, true);
});

test("guardedFetch() times out on a server that never answers and says that the request may have arrived", async () => {
  await using site = await openSite(() => undefined);
  await assert.rejects(
    guardedFetch(
      { url: site.url, method: "POST", body: "{}" },
      { rules: { allow: [site.host] }, signal, timeoutMsMax: 50 },
    ),
    {
      code: "timeout",
      details: { wasSent: true },
    },
  );
});

test("guardedFetch() says that nothing was sent when no server listens", async () => {
  const site = await openSite(() => undefined);
  await site[Symbol.asyncDispose]();
  await assert.rejects(guardedFetch({ url: site.url, method: "POST" }, { rules: { allow: [site.host] }, signal }), {
    code: "unavailable",
    details: { wasSent: false },
  });
});

test("guardedFetch() refuses what is not an http URL and URLs with credentials", async () => {
  for (const url of ["file:///etc/passwd", "ftp://example.org", "nonsense", "http://user:pass@example.org/"]) {
    await assert.rejects(
      guardedFetch({ url, method: "GET" }, { rules: { allow: [] }, signal }),
      { code: "invalid_input" },
      url,
    );
  }
});

test("guardedFetch() does not show binary content", async () => {
  await using site = await openSite((_, response) =>
    response.writeHead(200, { "content-type": "image/png" }).end(Buffer.from([1, 2, 3])),
  );
  const reply = await guardedFetch({ url: site.url, method: "GET" }, { rules: { allow: [site.host] }, signal });
  assert.equal(reply.text, "(image/png content, not text, is not shown)");
});
