import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeFileDurably } from "./write-file-durably.ts";

test("writeFileDurably() replaces the whole file and leaves nothing beside it", async () => {
  await using place = await mkdtempDisposable(join(tmpdir(), "roost-base-"));
  const path = join(place.path, "a.json");
  await writeFile(path, "the old one, which is longer");
  await writeFileDurably(path, "new", { mode: 0o600 });
  assert.equal(await readFile(path, "utf8"), "new");
  assert.deepEqual(await readdir(place.path), ["a.json"]);
});

test("writeFileDurably() leaves what was there when it cannot write", async () => {
  await using place = await mkdtempDisposable(join(tmpdir(), "roost-base-"));
  const path = join(place.path, "taken");
  await mkdir(path);
  await writeFile(join(path, "inside"), "");
  await assert.rejects(writeFileDurably(path, "new", { mode: 0o600 }));
  assert.deepEqual(await readdir(path), ["inside"]);
  assert.deepEqual(await readdir(place.path), ["taken"]);
});

test("writeFileDurably() removes what a process left that was killed while it wrote, and nothing of one that writes", async () => {
  await using place = await mkdtempDisposable(join(tmpdir(), "roost-base-"));
  const path = join(place.path, "a.json");
  for (const name of ["a.json.1.new", "a.json.2.new", "a.json.x.new", "b.json.1.new"])
    await writeFile(join(place.path, name), "half");
  for (const name of ["a.json.1.new", "a.json.x.new", "b.json.1.new"]) await utimes(join(place.path, name), 0, 0);
  await writeFileDurably(path, "new", { mode: 0o600 });
  assert.deepEqual((await readdir(place.path)).toSorted(), ["a.json", "a.json.2.new", "a.json.x.new", "b.json.1.new"]);
});

test("writeFileDurably() twice at once on one path writes one or the other whole", async () => {
  await using place = await mkdtempDisposable(join(tmpdir(), "roost-base-"));
  const path = join(place.path, "a.json");
  const texts = ["a", "b", "c"].map((letter) => letter.repeat(100_000));
  await Promise.all(texts.map((text) => writeFileDurably(path, text, { mode: 0o600 })));
  assert.ok(texts.includes(await readFile(path, "utf8")));
  assert.deepEqual(await readdir(place.path), ["a.json"]);
});
