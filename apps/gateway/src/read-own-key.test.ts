import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLogger } from "@roost/base";
import { readOwnKey } from "./read-own-key.ts";

test("readOwnKey() makes a key once, and one that is torn anew: told once, with the old text kept beside it", async () => {
  const homeDir = await mkdtemp(join(tmpdir(), "roost-key-"));
  await using _home = { [Symbol.asyncDispose]: () => rm(homeDir, { recursive: true, force: true }) };
  const told: string[] = [];
  const logger = createLogger({ level: "warn", write: (line) => told.push(line) });
  let made = 0;
  const read = () =>
    readOwnKey(homeDir, "key", () => `key-${(made += 1)}`, { isKey: (text) => text.startsWith("key-"), logger });
  assert.deepEqual([await read(), await read()], ["key-1", "key-1"]);
  await writeFile(join(homeDir, "key"), "");
  assert.equal(await read(), "key-2");
  assert.deepEqual([told, await readdir(homeDir)], [[], ["key"]], "an empty file held nothing");
  await writeFile(join(homeDir, "key"), "ke\n");
  assert.deepEqual([await read(), await read()], ["key-3", "key-3"]);
  assert.equal(await readFile(join(homeDir, "key.torn"), "utf8"), "ke\n");
  assert.equal((await stat(join(homeDir, "key.torn"))).mode & 0o777, 0o600);
  assert.equal(told.length, 1);
  assert.match(told[0]!, /key\.torn/);
});
