import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openExportFolder } from "./open-export-folder.ts";

test(
  "openExportFolder() says that the disk is full, and leaves nothing behind",
  { skip: !existsSync("/dev/full") && "there is no /dev/full here" },
  async () => {
    const parent = await mkdtemp(join(tmpdir(), "roost-export-"));
    await using _removed = { [Symbol.asyncDispose]: () => rm(parent, { recursive: true }) };
    const wrote = async (bytes: number) => {
      await using folder = await openExportFolder(join(parent, "out"));
      const staged = join(parent, (await readdir(parent))[0]!);
      await mkdir(join(staged, "records"));
      await symlink("/dev/full", join(staged, "records/files.jsonl"));
      const file = await folder.file("records/files.jsonl");
      await file.write(new Uint8Array(bytes));
      await file.end();
    };
    for (const bytes of [1, 1024 ** 2])
      await assert.rejects(wrote(bytes), {
        code: "unavailable",
        message: "records/files.jsonl cannot be written (ENOSPC): make room, then export again",
      });
    assert.deepEqual(await readdir(parent), []);
  },
);

test("openExportFolder() refuses a second process, and takes over what one that is gone left", async () => {
  const parent = await mkdtemp(join(tmpdir(), "roost-export-"));
  await using _removed = { [Symbol.asyncDispose]: () => rm(parent, { recursive: true }) };
  const out = join(parent, "out");
  const holder = join(parent, ".out.roost-export.new", "exporting.pid");
  {
    await using _first = await openExportFolder(out);
    await writeFile(holder, String(process.ppid));
    await assert.rejects(openExportFolder(out), { code: "conflict", message: /exports to .*out already: wait for it/ });
    await writeFile(holder, "999999999");
    await using next = await openExportFolder(out);
    await next.finish("home", "2026-01-31T08:00:00.000Z");
  }
  assert.deepEqual([await readdir(parent), await readdir(out)], [["out"], ["manifest.json"]]);
  // Ended between its two names.
  await rename(out, join(parent, ".out.roost-export.old"));
  {
    await using _next = await openExportFolder(out);
  }
  assert.deepEqual(await readdir(parent), ["out"], "the one before stands there again");
});
