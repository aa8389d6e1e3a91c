/** Objects of a home in Garage, where it is installed: the contract of object stores, an upload in parts, and a server that is away for a while. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { checkBucket, openBucketObjects, type Bucket } from "@roost/objects";
import { checkObjectStore } from "@roost/objects/testing";
import { requirePart } from "../infra/parts.ts";
import { startS3, type RealS3 } from "../infra/start-s3.ts";

const part = await requirePart("garage");
let server: RealS3;
let prefixes = 0;

before(async () => {
  if (part.skip === false) server = await startS3({ server: "garage" });
});
after(() => server?.[Symbol.asyncDispose]());

function newBucket(): Bucket {
  prefixes += 1;
  return { ...server, name: "roost", prefix: `home-${prefixes}/` };
}

if (part.skip === false)
  checkObjectStore("openBucketObjects() on Garage", {
    open: async (_, options) => openBucketObjects(newBucket(), { area: "parts", ...options }),
  });

test(
  "Garage keeps a large object that comes in parts, refuses another key, and goes on after it was away",
  { skip: part.skip },
  async () => {
    const bucket = newBucket();
    await checkBucket(bucket);
    await assert.rejects(checkBucket({ ...bucket, secretAccessKey: "wrong" }), { code: "forbidden" });
    const store = openBucketObjects(bucket, { area: "parts", pause: async () => {} });
    const bytes = randomBytes(20 * 1024 ** 2 + 7);
    const { sha256 } = await store.put(bytes);
    const link = (await store.link(sha256, { seconds: 60, filename: "report.pdf" }))!;
    assert.ok(Buffer.from(await (await fetch(link)).arrayBuffer()).equals(bytes));
    await server.kill();
    await assert.rejects(store.put(Buffer.from("wren")), { code: "unavailable" });
    await server.start();
    await store.put(Buffer.from("wren"));
    assert.ok(Buffer.concat(await Array.fromAsync(store.read(sha256))).equals(bytes));
  },
);
