import assert from "node:assert/strict";
import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { createTemporaryHome } from "../testing/temporary-home.ts";
import { prepareMachinery } from "./create-home.ts";
import { createToken } from "./create-token.ts";

test("createToken() makes a token that its owner alone can read, and keeps it", async () => {
  await using paths = await createTemporaryHome();
  await prepareMachinery(paths);
  await createToken(paths.token);
  const token = await readFile(paths.token, "utf8");
  assert.match(token, /^roost_[\w-]{43}\n$/);
  assert.equal((await stat(paths.token)).mode & 0o777, 0o600);
  await createToken(paths.token);
  assert.equal(await readFile(paths.token, "utf8"), token);
});

test("createToken() closes a token that others could read", async () => {
  await using paths = await createTemporaryHome();
  await prepareMachinery(paths);
  await createToken(paths.token);
  await chmod(paths.token, 0o644);
  await createToken(paths.token);
  assert.equal((await stat(paths.token)).mode & 0o777, 0o600);
});

test("createToken() refuses a file that is too short to be a token, such as a torn one", async () => {
  await using paths = await createTemporaryHome();
  await prepareMachinery(paths);
  await writeFile(paths.token, "");
  await assert.rejects(createToken(paths.token), {
    code: "invalid_input",
    message: /holds 0 characters.*at least 32: delete the file/,
  });
});
