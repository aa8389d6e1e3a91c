import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createTemporaryHome } from "../testing/temporary-home.ts";
import { openLogFile } from "./open-log-file.ts";

const fail = (error: Error) => assert.fail(error.message);

test("openLogFile() moves on when it is full and keeps a limited number of files", async () => {
  await using paths = await createTemporaryHome();
  const path = join(paths.home, "roost.log");
  using log = openLogFile({ path, bytesMax: 10, filesMax: 3, onFailure: fail });
  for (let number = 1; number <= 9; number += 1) log.write(`line${number}\n`);
  assert.deepEqual((await readdir(paths.home)).toSorted(), ["roost.log", "roost.log.1", "roost.log.2"]);
  assert.equal(await readFile(path, "utf8"), "line9\n");
  assert.equal(await readFile(`${path}.1`, "utf8"), "line8\n");
  assert.equal(await readFile(`${path}.2`, "utf8"), "line7\n");
});

test("openLogFile() goes on in a file that is there, and counts it", async () => {
  await using paths = await createTemporaryHome();
  const path = join(paths.home, "roost.log");
  await writeFile(path, "before\n");
  using log = openLogFile({ path, bytesMax: 10, filesMax: 2, onFailure: fail });
  log.write("a\n");
  assert.equal(await readFile(path, "utf8"), "before\na\n");
  log.write("after\n");
  assert.equal(await readFile(path, "utf8"), "after\n");
});

test("openLogFile() writes a line that is longer than its limit", async () => {
  await using paths = await createTemporaryHome();
  const path = join(paths.home, "roost.log");
  using log = openLogFile({ path, bytesMax: 4, filesMax: 2, onFailure: fail });
  log.write("much too long\n");
  assert.equal(await readFile(path, "utf8"), "much too long\n");
});

test("openLogFile() tells a failure once, and writes again when it can", async () => {
  await using paths = await createTemporaryHome();
  const directory = join(paths.home, "logs");
  const path = join(directory, "roost.log");
  const failures: string[] = [];
  using log = openLogFile({ path, onFailure: (error) => failures.push(error.message) });
  log.write("lost\n");
  log.write("lost too\n");
  assert.equal(failures.length, 1);
  await mkdir(directory);
  log.write("kept\n");
  assert.equal(await readFile(path, "utf8"), "kept\n");
  await rm(directory, { recursive: true });
});
