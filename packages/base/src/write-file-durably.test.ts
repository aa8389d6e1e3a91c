import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, readdir, readFile, writeFile } from "node:fs/promises";
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
});
