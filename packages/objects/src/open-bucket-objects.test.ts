/** What a server of S3 may answer when it is not well. Whether a well one is used rightly is tested with a real one. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { createHash } from "node:crypto";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import type { ObjectStore } from "./object-store.ts";
import { checkBucket, openBucketObjects } from "./open-bucket-objects.ts";
import type { Bucket } from "./read-bucket.ts";

const wren = new TextEncoder().encode("wren");
const nameOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

test("openBucketObjects() tries again what may pass, and says of the rest what is wrong and what to do", async (t) => {
  const answers: number[] = [503, 429, 200];
  const asked: string[] = [];
  const server = await serve(t, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(answers.shift() ?? 200).end();
  });
  const { sha256 } = await server.store.put(wren);
  assert.deepEqual(asked, Array(3).fill(`PUT /roost/home/parts/${sha256}`));
  for (const [status, expected] of [
    [403, { code: "forbidden", message: /the bucket "roost" at 127.0.0.1:\d+ refuses the key: it must read/ }],
    [404, { code: "unavailable", message: /there is no bucket/ }],
    [507, { code: "unavailable", message: /answered 507/ }],
  ] as const) {
    answers.push(...Array<number>(8).fill(status));
    await assert.rejects(server.store.put(wren), expected, String(status));
    answers.length = 0;
  }
  await server.close();
  await assert.rejects(server.store.put(wren), { code: "unavailable", message: /does not answer/ });
});

test("openBucketObjects() does not follow a redirect with its signed request", async (t) => {
  let followed = 0;
  const other = await serve(t, (_, response) => {
    followed += 1;
    response.end("elsewhere");
  });
  const server = await serve(t, (_, response) => response.writeHead(307, { location: other.bucket.endpoint }).end());
  await assert.rejects(server.store.get(nameOf(wren)), {
    code: "unavailable",
    message: /another endpoint or in another/,
  });
  assert.equal(followed, 0);
});

test("openBucketObjects() says that the clock is wrong where the server says so", async (t) => {
  const server = await serve(t, (_, response) => {
    response.writeHead(403, { "content-type": "application/xml" });
    response.end("<Error><Code>RequestTimeTooSkewed</Code><Message>too far</Message></Error>");
  });
  await assert.rejects(server.store.get(nameOf(wren)), { code: "unavailable", message: /clock of this machine/ });
});

test("openBucketObjects() completes an upload again that failed with status 200, and knows one whose answer was lost", async (t) => {
  const bytes = new Uint8Array(9 * 1024 ** 2).fill(7);
  const failed = "<Error><Code>InternalError</Code></Error>";
  const xml = { "content-type": "application/xml" };
  for (const answers of [
    [failed, "done"],
    ["lost", "unknown"],
    [failed, failed, failed, failed],
  ]) {
    let isThere = false;
    const server = await serve(t, ({ method, url }, response) => {
      if (url?.includes("?uploads"))
        return void response
          .writeHead(200, xml)
          .end("<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>");
      if (method === "PUT") return void response.writeHead(200, { etag: '"part"' }).end();
      if (method !== "POST") {
        const status = isThere ? (method === "HEAD" ? 200 : 206) : 404;
        response.writeHead(status, isThere ? { "content-length": bytes.byteLength } : {});
        return void response.end(method === "GET" && isThere ? bytes : undefined);
      }
      const answer = answers.shift();
      if (answer === "done" || answer === "lost") isThere = true;
      if (answer === "lost") return void response.destroy();
      if (answer === "unknown")
        return void response.writeHead(404, xml).end("<Error><Code>NoSuchUpload</Code></Error>");
      const result = "<CompleteMultipartUploadResult><ETag>whole</ETag></CompleteMultipartUploadResult>";
      response.writeHead(200, xml).end(answer === "done" ? result : answer);
    });
    const put = server.store.put(bytes);
    if (answers.length === 2) assert.equal((await put).sha256, nameOf(bytes));
    else await assert.rejects(put, { code: "unavailable", message: /answered 500 InternalError/ });
  }
});

test("openBucketObjects() removes what came in parts only when it reads other bytes, and reads what it cannot vouch for again", async (t) => {
  const bytes = new Uint8Array(9 * 1024 ** 2).fill(7);
  const xml = { "content-type": "application/xml" };
  let isThere = false;
  let given: Uint8Array | undefined;
  const asked: string[] = [];
  const server = await serve(t, ({ method, url }, response) => {
    const what = method === "POST" ? (url?.includes("?uploads") ? "begin" : "complete") : String(method);
    if (asked.at(-1) !== what) asked.push(what);
    if (what === "begin")
      return void response
        .writeHead(200, xml)
        .end("<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>");
    if (what === "complete") {
      isThere = true;
      const result = "<CompleteMultipartUploadResult><ETag>whole</ETag></CompleteMultipartUploadResult>";
      return void response.writeHead(200, xml).end(result);
    }
    if (what === "PUT") return void response.writeHead(200, { etag: '"part"' }).end();
    if (what === "DELETE") isThere = false;
    if (what === "DELETE") return void response.writeHead(204).end();
    if (!isThere) return void response.writeHead(404).end();
    if (what === "HEAD") return void response.writeHead(200, { "content-length": bytes.byteLength }).end();
    if (given === undefined) return void response.writeHead(503).end();
    response.writeHead(206, { "content-length": given.byteLength }).end(given);
  });
  const put = async () => await server.store.put(bytes);
  const sent = ["begin", "PUT", "complete"];
  await assert.rejects(put(), { code: "unavailable" });
  assert.deepEqual(asked.splice(0), ["HEAD", ...sent, "HEAD", "GET"]);
  // Known by its name and size, and by nothing else.
  await assert.rejects(put(), { code: "unavailable" });
  assert.deepEqual(asked.splice(0), ["HEAD", "GET"]);
  given = new Uint8Array(bytes.byteLength);
  await assert.rejects(put(), { code: "internal", message: /damaged/ });
  assert.deepEqual(asked.splice(0), ["HEAD", "GET", ...sent, "HEAD", "GET", "HEAD", "DELETE"]);
  given = bytes;
  assert.equal((await put()).sha256, nameOf(bytes));
  assert.deepEqual(asked.splice(0), ["HEAD", ...sent, "HEAD", "GET"]);
  assert.equal((await put()).sha256, nameOf(bytes));
  assert.deepEqual(asked.splice(0), ["HEAD", "GET"]);
});

test("openBucketObjects() refuses bytes that are not those of the name, and takes a broken stream up where it broke", async (t) => {
  const bytes = new Uint8Array(100_000).map((_, index) => index % 251);
  let isDamaged = false;
  const ranges: (string | undefined)[] = [];
  const server = await serve(t, ({ method, headers }, response) => {
    if (method === "HEAD") return void response.writeHead(200, { "content-length": bytes.byteLength }).end();
    ranges.push(headers.range);
    const from = Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0);
    const rest = isDamaged ? new Uint8Array(bytes.byteLength) : bytes.subarray(from);
    response.writeHead(headers.range === undefined ? 200 : 206, { "content-length": rest.byteLength });
    if (ranges.length > 1 || isDamaged) return void response.end(rest);
    response.write(rest.subarray(0, 40_000), () => response.destroy());
  });
  const read: Uint8Array[] = [];
  for await (const piece of server.store.read(nameOf(bytes))) read.push(piece);
  assert.deepEqual(Buffer.concat(read), Buffer.from(bytes));
  assert.equal(ranges[0], "bytes=0-99999");
  assert.match(ranges[1] ?? "", /^bytes=[1-9]\d*-99999$/);
  isDamaged = true;
  await assert.rejects(server.store.get(nameOf(bytes)), { code: "internal", message: /damaged/ });
  await assert.rejects(Array.fromAsync(server.store.read(nameOf(bytes))), { code: "internal", message: /damaged/ });
});

test("checkBucket() says when a bucket does not give back what it took", async (t) => {
  const server = await serve(t, ({ method }, response) => response.writeHead(method === "GET" ? 404 : 200).end());
  await assert.rejects(checkBucket(server.bucket), { code: "internal", message: /does not give back what it took/ });
});

async function serve(
  t: TestContext,
  answer: Answer,
): Promise<{ bucket: Bucket; store: ObjectStore; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    request.resume().once("end", () => answer(request, response));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  t.after(close);
  const bucket = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    name: "roost",
    prefix: "home/",
    region: "garage",
    accessKeyId: "GK1",
    secretAccessKey: "hush-hush",
  };
  return { bucket, store: openBucketObjects(bucket, { area: "parts", pause: async () => {} }), close };
}
