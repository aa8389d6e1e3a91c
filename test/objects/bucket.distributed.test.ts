/** Objects of a home in a real S3 server: the contract of object stores, and a home that moves there and back. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { access, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { silentLogger } from "@roost/base";
import { createTestKernel } from "@roost/kernel/testing";
import { openMemory } from "@roost/memory";
import { checkBucket, openBucketObjects, type Bucket } from "@roost/objects";
import { checkObjectStore } from "@roost/objects/testing";
import { requirePart } from "../infra/parts.ts";
import { startS3, type RealS3 } from "../infra/start-s3.ts";

const part = await requirePart("s3");
let server: RealS3;
let prefixes = 0;

before(async () => {
  if (part.skip === false) server = await startS3();
});
after(() => server?.[Symbol.asyncDispose]());

function newBucket(): Bucket {
  prefixes += 1;
  const { endpoint, region, accessKeyId, secretAccessKey } = server;
  return { endpoint, region, accessKeyId, secretAccessKey, name: "roost", prefix: `home-${prefixes}/` };
}

if (part.skip === false)
  checkObjectStore("openBucketObjects()", {
    open: async (_, options) => openBucketObjects(newBucket(), { area: "parts", ...options }),
  });
else test("objects in a bucket", { skip: part.skip }, () => {});

test(
  "openBucketObjects() keeps a large object that it uploads in parts, and links to it as a file",
  { skip: part.skip },
  async () => {
    const store = openBucketObjects(newBucket(), { area: "parts" });
    const bytes = randomBytes(20 * 1024 ** 2 + 7);
    const { sha256 } = await store.put(bytes);
    assert.equal((await store.stat(sha256))?.bytes, bytes.byteLength);
    assert.ok(Buffer.from((await store.get(sha256))!).equals(bytes));
    assert.ok(Buffer.concat(await Array.fromAsync(store.read(sha256))).equals(bytes));
    await store.put(bytes);
    const link = (await store.link(sha256, { seconds: 60, filename: "Bericht März.pdf" }))!;
    const response = await fetch(link);
    assert.ok(Buffer.from(await response.arrayBuffer()).equals(bytes));
    assert.equal(response.headers.get("content-disposition"), 'attachment; filename="Bericht M_rz.pdf"');
    assert.equal((await fetch(link.replace(/Signature=[0-9a-f]{4}/, "Signature=0000"))).status, 403);
  },
);

test("another client of S3 reads what is kept, and what it keeps is read", { skip: part.skip }, async () => {
  const bucket = newBucket();
  const store = openBucketObjects(bucket, { area: "parts" });
  const { endpoint, region, accessKeyId, secretAccessKey } = bucket;
  const client = new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  const { sha256 } = await store.put(Buffer.from("wren"));
  const Key = `${bucket.prefix}parts/${sha256}`;
  const found = await client.send(new GetObjectCommand({ Bucket: "roost", Key, ChecksumMode: "ENABLED" }));
  assert.equal(await found.Body?.transformToString(), "wren");
  assert.equal(found.ChecksumSHA256, Buffer.from(sha256, "hex").toString("base64"));
  const foreign = Key.replace(sha256, "notes.txt");
  await client.send(new PutObjectCommand({ Bucket: "roost", Key: foreign, Body: "not of a home" }));
  await store.delete(sha256);
  await client.send(new PutObjectCommand({ Bucket: "roost", Key, Body: "wren" }));
  assert.equal(Buffer.from((await store.get(sha256))!).toString(), "wren");
  assert.deepEqual(await store.list(), { objects: [{ sha256, bytes: 4 }], next: null });
  const listed = await client.send(new ListObjectsV2Command({ Bucket: "roost", Prefix: bucket.prefix }));
  assert.equal(listed.KeyCount, 2);
});

test(
  "checkBucket() names a bucket that is not there, a wrong key, and a server that is down",
  { skip: part.skip },
  async () => {
    const bucket = newBucket();
    await checkBucket(bucket);
    assert.deepEqual((await openBucketObjects(bucket, { area: "probe" }).list()).objects, []);
    await assert.rejects(checkBucket({ ...bucket, name: "roost-of-nobody" }), { message: /there is no bucket/ });
    await assert.rejects(checkBucket({ ...bucket, secretAccessKey: "wrong" }), { code: "forbidden" });
  },
);

test(
  "a home moves its versions and parts into a bucket and back, and a start with another place is refused",
  { skip: part.skip },
  async (t) => {
    const homeDir = await mkdtemp(join(tmpdir(), "roost-bucket-"));
    t.after(() => rm(homeDir, { recursive: true }));
    await using opened = await createTestKernel();
    const { kernel } = opened;
    const open = (more: object) => openMemory({ kernel, homeDir, logger: silentLogger, ...more });
    const bucket = newBucket();
    let sha256: string;
    {
      await using memory = await open({});
      ({ sha256 } = await memory.parts.put(Buffer.from("wren")));
      await memory.versions.put(Buffer.from("version"));
    }
    await assert.rejects(open({ bucket, migrate: false }), { code: "unavailable", message: /have to be carried/ });
    {
      await using memory = await open({ bucket });
      assert.equal(Buffer.from((await memory.parts.get(sha256))!).toString(), "wren");
      await memory.parts.put(Buffer.from("only there"));
      await using another = await open({ bucket, migrate: false });
      assert.equal((await another.parts.list()).objects.length, 2);
    }
    await assert.rejects(open({}), { code: "invalid_input", message: /OBJECTS_URL is not set.*OBJECTS_FROM_URL/ });
    await assert.rejects(open({ bucket: newBucket() }), { code: "invalid_input", message: /OBJECTS_URL names/ });
    await rm(join(homeDir, ".roost/parts"), { recursive: true });
    await mkdir(join(homeDir, ".roost"), { recursive: true });
    await using memory = await open({ bucketBefore: bucket });
    assert.equal((await memory.parts.list()).objects.length, 2);
    await access(join(homeDir, ".roost/parts", sha256.slice(0, 2), sha256.slice(2)));
  },
);

test(
  "while the server is down writes are refused with what to do, and afterwards they go on",
  { skip: part.skip },
  async () => {
    const store = openBucketObjects(newBucket(), { area: "parts", pause: async () => {} });
    await server.kill();
    await assert.rejects(store.put(Buffer.from("wren")), {
      code: "unavailable",
      message: /does not answer: see that its server runs/,
    });
    await server.start();
    const { sha256 } = await store.put(Buffer.from("wren"));
    assert.equal(Buffer.from((await store.get(sha256))!).toString(), "wren");
  },
);
