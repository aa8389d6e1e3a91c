/** Files that hosts bring in ranges, where they are put in their places. Between hosts: test/hosts/copies.test.ts. */
import assert from "node:assert/strict";
import { link, mkdir, readdir, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { FileHashes } from "../disk/file-hashes.ts";
import { hashOf } from "../disk/read-disk-file.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";
import { takeFileRange, type RangeOutcome } from "./large-files.ts";

const as = { kind: "main" as const };

interface Brought {
  path: string;
  text: string;
  expected?: string;
}

/** The part of it from there on. */
async function bringFrom(home: TestMemory, from: number, { path, text, expected = "absent" }: Brought) {
  const whole = Buffer.from(text);
  const part = { from, content: whole.subarray(from) };
  const range = { path, sha256: hashOf(whole), bytes: whole.length, expected, as, by: "host:laptop" };
  return await takeFileRange(home.memory, { ...range, ...part });
}

/** As a host does: on from where the home says, and from the start where it has nothing of it any more. */
async function bring(home: TestMemory, brought: Brought): Promise<RangeOutcome> {
  let outcome = await bringFrom(home, 0, brought);
  for (let turn = 0; turn < 5 && outcome.state === "more"; turn += 1)
    outcome = await bringFrom(home, outcome.next, brought);
  return outcome;
}

test("takeFileRange() replaces what it expects, at whatever part of a millisecond that was written", async () => {
  await using home = await createTestMemory();
  const path = "films/long.bin";
  let expected = "absent";
  for (const [index, microseconds] of [200, 500, 700, 999].entries()) {
    const text = `version ${index}`;
    assert.deepEqual(await bring(home, { path, text, expected }), { state: "written", sha256: hashOf(text) });
    assert.equal(await home.read(path), text);
    const then = 1_700_000_000 + microseconds / 1_000_000;
    await utimes(join(home.homeDir, path), then, then);
    const { mtimeNs } = await stat(join(home.homeDir, path), { bigint: true });
    assert.equal(mtimeNs % 1_000_000n >= 500_000n, microseconds > 500 || mtimeNs % 1_000_000n === 500_000n);
    expected = hashOf(text);
  }
  const other = { path, text: "of another", expected: hashOf("what it had before") };
  assert.deepEqual(await bring(home, other), { state: "conflict", sha256: expected });
  assert.deepEqual(await readdir(join(home.homeDir, "films")), ["long.bin"]);
});

test("takeFileRange() of one content for many paths at once puts it in each place", async () => {
  await using home = await createTestMemory();
  const text = "the same film";
  const paths = ["a", "b", "c", "d"].map((name) => `films/${name}.bin`);
  const outcomes = await Promise.all(paths.map((path) => bring(home, { path, text })));
  for (const [index, path] of paths.entries()) {
    assert.deepEqual(outcomes[index], { state: "written", sha256: hashOf(text) });
    assert.equal(await home.read(path), text);
  }
});

test("takeFileRange() writes into no file of the home that shares the content of what a killed process left", async () => {
  const [path, text] = ["films/long.bin", "as it was brought"];
  await using home = await createTestMemory({ files: { [path]: text } });
  const incoming = join(home.homeDir, ".roost/incoming");
  await mkdir(incoming, { recursive: true });
  await link(join(home.homeDir, path), join(incoming, hashOf(text)));
  const damaged = Buffer.from("AS");
  const range = { path, sha256: hashOf(text), bytes: text.length, expected: "absent", as, by: "host:laptop" };
  assert.deepEqual(await takeFileRange(home.memory, { ...range, from: 0, content: damaged }), {
    state: "more",
    next: 2,
  });
  assert.equal(await home.read(path), text);
});

test("FileHashes.of() reads a file once for all who ask meanwhile, and again when it has changed", async () => {
  await using home = await createTestMemory();
  const file = join(home.homeDir, "long.bin");
  const hashes = new FileHashes();
  assert.equal(await hashes.of(file), undefined);
  await writeFile(file, Buffer.alloc(3_000_000, "a"));
  const [first, second] = await Promise.all([hashes.of(file), hashes.of(file)]);
  assert.equal(first, second);
  assert.equal(first?.sha256, hashOf(Buffer.alloc(3_000_000, "a")));
  assert.equal(await hashes.of(file), first);
  await writeFile(file, "another");
  assert.equal((await hashes.of(file))?.sha256, hashOf("another"));
});
