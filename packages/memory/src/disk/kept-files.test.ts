import assert from "node:assert/strict";
import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { KeptFiles } from "./kept-files.ts";

async function createFile(text: string) {
  const directory = await mkdtemp(join(tmpdir(), "roost-kept-"));
  const path = join(directory, "SOUL.md");
  const kept = new KeptFiles();
  await writeFile(path, text);
  return {
    path,
    kept,
    /** Once the file is old enough to be known by its stamp. */
    readSettled() {
      return until(async () => {
        const disk = await kept.read(path);
        return disk !== undefined && disk.stamp !== null && disk;
      });
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

test("KeptFiles.read() reads an unchanged file once", async () => {
  await using file = await createFile("one");
  const disk = await file.readSettled();
  assert.equal(await file.kept.read(file.path), disk);
  assert.equal(disk?.bytes.toString(), "one");
});

test("KeptFiles.read() reads a file again that was written, replaced or removed, however alike it looks", async () => {
  await using file = await createFile("one");
  const textOf = async () => (await file.kept.read(file.path))?.bytes.toString();
  await file.readSettled();
  await writeFile(file.path, "two");
  assert.equal(await textOf(), "two");
  // Twice within the clock's grain.
  await writeFile(file.path, "six");
  assert.equal(await textOf(), "six");
  await file.readSettled();
  await writeFile(`${file.path}.new`, "ten");
  await rename(`${file.path}.new`, file.path);
  assert.equal(await textOf(), "ten");
  await file.readSettled();
  await rm(file.path);
  assert.equal(await file.kept.read(file.path), undefined);
});

test("KeptFiles.read() does not follow a link that took the file's place", async () => {
  await using file = await createFile("one");
  await file.readSettled();
  await rename(file.path, `${file.path}.moved`);
  await symlink(`${file.path}.moved`, file.path);
  await assert.rejects(file.kept.read(file.path), { code: "forbidden" });
});

test("KeptFiles.read() keeps no more than its share of memory", async () => {
  await using file = await createFile("one");
  const first = await file.readSettled();
  const directory = join(file.path, "..");
  const others = Array.from({ length: 256 }, (_, n) => join(directory, `${n}.md`));
  for (const path of others) await writeFile(path, "other");
  for (const path of others) await until(async () => (await file.kept.read(path))?.stamp !== null);
  const again = await file.kept.read(file.path);
  assert.deepEqual(again, first);
  assert.notEqual(again, first);
});
