import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, statfs, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openDirectoryObjects } from "./open-directory-objects.ts";
import { checkObjectStore } from "./testing/check-object-store.ts";

const wren = new TextEncoder().encode("wren");

checkObjectStore("openDirectoryObjects()", {
  open: async (t, options) => openDirectoryObjects(await makeDirectory(t), options),
});

test("openDirectoryObjects() finds what an earlier one stored, readable by this user alone", async (t) => {
  const directory = await makeDirectory(t);
  const { sha256 } = await (await openDirectoryObjects(directory)).put(wren);
  const store = await openDirectoryObjects(directory);
  assert.deepEqual(Buffer.from((await store.get(sha256)) ?? []).toString(), "wren");
  assert.equal((await stat(join(directory, sha256.slice(0, 2), sha256.slice(2)))).mode & 0o777, 0o600);
});

test("openDirectoryObjects() refuses to give out damaged bytes and repairs a cut object when it is put again", async (t) => {
  const directory = await makeDirectory(t);
  const store = await openDirectoryObjects(directory);
  const { sha256 } = await store.put(wren);
  await writeFile(join(directory, sha256.slice(0, 2), sha256.slice(2)), "wr");
  await assert.rejects(store.get(sha256), { code: "internal", message: /damaged/ });
  await store.put(wren);
  assert.deepEqual(Buffer.from((await store.get(sha256)) ?? []).toString(), "wren");
});

test("openDirectoryObjects() for who may only read gives what is there and changes nothing", async (t) => {
  const directory = await makeDirectory(t);
  const readOnly = await openDirectoryObjects(directory, { isReadOnly: true });
  const named = await readOnly.put(wren);
  await assert.rejects(stat(directory), { code: "ENOENT" });
  assert.equal(await readOnly.get(named.sha256), undefined);
  assert.deepEqual(await (await openDirectoryObjects(directory)).put(wren), named);
  assert.equal(await readOnly.delete(named.sha256), false);
  assert.deepEqual(Buffer.from((await readOnly.get(named.sha256)) ?? []).toString(), "wren");
});

test("openDirectoryObjects() removes what a killed process left half written a day ago, and nothing younger", async (t) => {
  const directory = await makeDirectory(t);
  await openDirectoryObjects(directory);
  const twoDaysAgo = Date.now() / 1000 - 2 * 24 * 60 * 60;
  await writeFile(join(directory, "incoming", "old"), "wr");
  await utimes(join(directory, "incoming", "old"), twoDaysAgo, twoDaysAgo);
  await writeFile(join(directory, "incoming", "young"), "wr");
  await openDirectoryObjects(directory);
  assert.deepEqual(await readdir(join(directory, "incoming")), ["young"]);
});

test("openDirectoryObjects() refuses an object of known size that leaves too little of the disk, before it is written", async (t) => {
  const directory = await makeDirectory(t);
  const { bavail, bsize } = await statfs(tmpdir());
  const store = await openDirectoryObjects(directory, { reserveBytes: 2 * bavail * bsize });
  const { sha256 } = await (await openDirectoryObjects(directory, { isReadOnly: true })).put(wren);
  async function* unread() {
    assert.fail("it is read");
    yield wren;
  }
  await assert.rejects(store.put(unread(), { sha256, bytes: 4 }), {
    code: "limit_exceeded",
    message: /^the disk is full: 1 MiB would leave less than the \d+ MiB that stay free/,
  });
  assert.deepEqual(await readdir(join(directory, "incoming")), []);
  // What is small is not counted.
  await store.put(wren);
  const roomy = await openDirectoryObjects(directory, { reserveBytes: 1 });
  assert.deepEqual(await roomy.put(wren, { sha256, bytes: 4 }), { sha256, bytes: 4 });
});

test("openDirectoryObjects() leaves nothing behind in its incoming directory", async (t) => {
  const directory = await makeDirectory(t);
  const store = await openDirectoryObjects(directory, { objectBytesMax: 4 });
  await store.put(wren);
  await store.put(wren);
  await assert.rejects(store.put(new Uint8Array(5)));
  assert.deepEqual(await readdir(join(directory, "incoming")), []);
});

async function makeDirectory(t: TestContext): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), "roost-objects-"));
  t.after(() => rm(parent, { recursive: true }));
  return join(parent, "objects");
}
