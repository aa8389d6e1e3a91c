/** What is brought in parts before it has a place: how long it stays, what it needs of the disk, and who may touch it. */
import assert from "node:assert/strict";
import { mkdir, readdir, utimes } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import { hashOf } from "../disk/read-disk-file.ts";
import type { Memory } from "../memory.ts";
import { importRecords, type MemoryRecord } from "../moving/import-records.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";
import { createLargeFileLoop } from "./keep-large-files.ts";
import { takeImportRange } from "./take-incoming.ts";

const path = "films/long.bin";
const large = (mark: string) => Buffer.from(mark.repeat(1_200_000));
const wholeOf = (content: Buffer) => ({ sha256: hashOf(content), bytes: content.length });
const recordOf = (content: Buffer): MemoryRecord => ({ kind: "file", ref: path, path, brought: wholeOf(content) });
const incomingOf = ({ homeDir }: TestMemory) => join(homeDir, ".roost/incoming");

async function bring(memory: Memory, content: Buffer, until = content.length): Promise<void> {
  const part = { ...wholeOf(content), from: 0, content: content.subarray(0, until) };
  assert.deepEqual(await takeImportRange(memory, part), { next: until });
}

async function take(memory: Memory, content: Buffer, more: { replaces?: boolean } = {}): Promise<string> {
  const [outcome] = await importRecords(memory, [recordOf(content)], { source: "folder:there", by: "owner", ...more });
  return outcome!.action;
}

test("createLargeFileLoop() removes what was brought and not gone on with for a day, whatever else is there", async () => {
  await using home = await createTestMemory();
  const [loop, incoming] = [createLargeFileLoop(home.memory)!, incomingOf(home)];
  await loop.look();
  await assert.rejects(readdir(incoming), { code: "ENOENT" }, "nothing was brought");
  const [half, whole, fresh] = [large("a"), large("b"), large("c")];
  await bring(home.memory, half, 1_000);
  await bring(home.memory, whole);
  await bring(home.memory, fresh, 1_000);
  await mkdir(join(incoming, "a-folder"));
  const then = new Date(Date.now() - 25 * 3_600_000);
  for (const name of ["a-folder", hashOf(half), hashOf(whole)]) await utimes(join(incoming, name), then, then);
  await home.test.clock.advance(11 * 60_000);
  await loop.look();
  assert.deepEqual((await readdir(incoming)).toSorted(), [hashOf(fresh), "a-folder"].toSorted());
});

test("takeImportRange() refuses each part that the disk has no room for, and takes it where all of it is here", async () => {
  await using home = await createTestMemory();
  const content = large("a");
  const full = { ...wholeOf(content), reserveBytes: Number.MAX_SAFE_INTEGER };
  const refusal = { code: "limit_exceeded", message: /^the disk is full: 2 MiB/ };
  const [first, second] = [content.subarray(0, 100_000), content.subarray(100_000)];
  await assert.rejects(takeImportRange(home.memory, { ...full, from: 0, content: first }), refusal);
  await bring(home.memory, content, first.length);
  await assert.rejects(takeImportRange(home.memory, { ...full, from: first.length, content: second }), refusal);
  await bring(home.memory, content);
  assert.deepEqual(await takeImportRange(home.memory, { ...full, from: 0, content: first }), { next: content.length });
});

test("takeBrought() removes what is refused, and leaves to the next import what met an outage", async () => {
  await using home = await createTestMemory({ files: { [path]: String(large("a")) } });
  const { memory } = home;
  const content = large("b");
  const failing = (error: RoostError) => async () => {
    throw error;
  };
  await bring(memory, content);
  const kernel = { ...memory.kernel, transact: failing(new RoostError("unavailable", "the database is away")) };
  await assert.rejects(take({ ...memory, kernel }, content, { replaces: true }), { code: "unavailable" });
  assert.deepEqual(await readdir(incomingOf(home)), [hashOf(content)]);
  const versions = Object.assign(Object.create(memory.versions) as Memory["versions"], {
    put: failing(new RoostError("limit_exceeded", "the store is full")),
  });
  assert.equal(await take({ ...memory, versions }, content, { replaces: true }), "refused");
  assert.deepEqual(await readdir(incomingOf(home)), []);
  assert.equal(await home.read(path), String(large("a")));
});

test("takeBrought() has the content alone while it puts it in its place", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  const content = large("a");
  await bring(memory, content);
  const damaged = { ...wholeOf(content), from: 0, content: Buffer.from("A") };
  let part: Promise<unknown> | undefined;
  const kernel: Memory["kernel"] = {
    ...memory.kernel,
    async transact(work) {
      if (part === undefined) {
        part = takeImportRange(memory, damaged);
        // Where nobody has the content, that part is taken now.
        if (memory.partsTaken.size === 0) await part.catch(() => undefined);
      }
      return await memory.kernel.transact(work);
    },
  };
  assert.equal(await take({ ...memory, kernel }, content), "created");
  assert.equal(await home.read(path), String(content));
  assert.deepEqual(await part, { next: 1 });
});
