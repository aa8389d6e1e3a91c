import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createTemporaryHome } from "../testing/temporary-home.ts";
import { writeFileDurably } from "./write-file-durably.ts";

test("writeFileDurably() replaces the whole file and leaves nothing beside it", async () => {
  await using paths = await createTemporaryHome();
  const path = join(paths.home, "a.json");
  await writeFile(path, "the old one, which is longer");
  await writeFileDurably(path, "new", { mode: 0o600 });
  assert.equal(await readFile(path, "utf8"), "new");
  assert.deepEqual(await readdir(paths.home), ["a.json"]);
});

test("writeFileDurably() leaves what was there when it cannot write", async () => {
  await using paths = await createTemporaryHome();
  const path = join(paths.home, "taken");
  await mkdir(path);
  await writeFile(join(path, "inside"), "");
  await assert.rejects(writeFileDurably(path, "new", { mode: 0o600 }));
  assert.deepEqual(await readdir(path), ["inside"]);
});
