import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makePrivateDirectory } from "./make-private-directory.ts";

test("makePrivateDirectory() keeps others out, and takes nothing that is not the user's own", async (context) => {
  const place = await mkdtemp(join(tmpdir(), "roost-private-"));
  context.after(() => rm(place, { recursive: true, force: true }));
  const own = process.getuid?.();
  const path = join(place, "made");
  assert.equal(await makePrivateDirectory(path, [own]), true);
  await chmod(path, 0o777);
  assert.equal(await makePrivateDirectory(path, [own]), true);
  assert.equal((await stat(path)).mode & 0o777, 0o700);
  assert.equal(await makePrivateDirectory(path, [(own ?? 0) + 1]), false, "it belongs to another");
  const target = join(place, "target");
  await mkdir(target);
  await symlink(target, join(place, "link"));
  assert.equal(await makePrivateDirectory(join(place, "link"), [own]), false, "a link leads anywhere");
  await assert.rejects(makePrivateDirectory(join(place, "no", "such"), [own]), { code: "ENOENT" });
});
