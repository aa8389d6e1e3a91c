/** Copies of a file that goes in ranges, beside removals and other sizes. That it goes at all: copies.test.ts; a pass that is killed: killed-copies.long.test.ts. */
import assert from "node:assert/strict";
import { appendFile, mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileRangeBytesMax } from "@roost/contract/operations";
import { sha256Of } from "../../apps/cli/src/copy/copy-state.ts";
import { createTestGateway } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { joinHost, openDirectory } from "./joined-host.ts";

test("A file that is too large to go whole loses to nothing: removals, and sizes across the limit", async (t) => {
  await using gateway = await createTestGateway();
  const desk = await joinHost(gateway, "desk", await openDirectory(t));
  const path = "films/long.bin";
  const there = join(gateway.homeDir, path);
  const large = (mark: string) => Buffer.concat([Buffer.alloc(2.5 * fileRangeBytesMax, mark), Buffer.from(mark)]);
  const read = async ({ homeDir }: { homeDir: string }) => (await readFile(join(homeDir, path))).toString("latin1");
  const write = async (homeDir: string, content: Buffer) => {
    await mkdir(join(homeDir, "films"), { recursive: true });
    await writeFile(join(homeDir, path), content);
  };
  await write(gateway.homeDir, large("c"));
  await desk.sync();
  // Grown on one side, deleted on the other: the edit stays. Then deleted where it was seen.
  await rm(join(desk.homeDir, path));
  await appendFile(there, "more");
  assert.deepEqual((await desk.sync())?.kept, [path]);
  assert.ok((await read(desk)).endsWith("cmore"));
  await rm(join(desk.homeDir, path));
  assert.deepEqual((await desk.sync())?.deleted, [path]);
  await assert.rejects(readFile(there), { code: "ENOENT" });
  const versions = async () => (await gateway.client.listFileVersions({ path })).items.map(({ sha256 }) => sha256);
  const grown = sha256Of(Buffer.concat([large("c"), Buffer.from("more")]));
  assert.deepEqual(await versions(), [grown], "what was removed is a version");
  const back = await gateway.client.restoreFile({ path, sha256: grown });
  assert.equal(back.bytes, large("c").length + 4);
  assert.ok((await readFile(there, "latin1")).endsWith("cmore"));
  assert.deepEqual((await desk.sync())?.taken, [path]);
  await rm(join(desk.homeDir, path));
  await desk.sync();
  // It may shrink and grow.
  await write(gateway.homeDir, Buffer.from("small now\n"));
  assert.deepEqual((await desk.sync())?.taken, [path]);
  await write(desk.homeDir, large("d"));
  assert.deepEqual((await desk.sync())?.brought, [path]);
  await write(desk.homeDir, Buffer.from("small again\n"));
  // A moment that is rounded up, where the fraction of its millisecond is not left out.
  await utimes(there, 1_700_000_000.1237, 1_700_000_000.1237);
  assert.deepEqual((await desk.sync())?.brought, [path]);
  assert.equal(await readFile(there, "utf8"), "small again\n");
  const all = new Set(await versions());
  for (const text of [large("d"), Buffer.from("small now\n"), Buffer.from("small again\n")])
    assert.ok(all.has(sha256Of(text)), String(text).slice(0, 10));
  // What comes with another hash than was said is dropped.
  const content = { mediaType: "application/octet-stream", bytes: Uint8Array.from(large("e").subarray(0, 2_000_000)) };
  const damaged = { path: "films/other.bin", sha256: sha256Of(large("e")), bytes: 2_000_000, from: 0, content };
  await assert.rejects(desk.client.putFileRange(damaged), { code: "invalid_input", message: /another hash/ });
  assert.deepEqual(await readdir(join(gateway.homeDir, ".roost/incoming")), []);
  const far = await desk.client.putFileRange({ ...damaged, bytes: 3_000_000, from: 1_000_000 });
  assert.deepEqual(far, { state: "more", next: 0, sha256: null });
  const gone = { path, sha256: sha256Of(large("a")), from: 0 };
  await assert.rejects(desk.client.getFileRange(gone), { code: "conflict", message: /has changed/ });
});
