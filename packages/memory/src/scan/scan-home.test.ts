import assert from "node:assert/strict";
import { chmod, rename, symlink, truncate, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { hashOf } from "../disk/read-disk-file.ts";
import { createTestMemory } from "../testing/create-test-memory.ts";
import { scanHome, type HomeScan } from "./scan-home.ts";
import { watchHome } from "./watch-home.ts";

test("scanHome() records what happened outside once, however many look, and keeps every content", async () => {
  await using home = await createTestMemory({ files: { "SOUL.md": "a", "memory/2026-01-31.md": "b" } });
  const another = await home.openAnother();
  await home.writeOutside("SOUL.md", "changed");
  await home.writeOutside("new/file.md", "new");
  await unlink(join(home.homeDir, "memory/2026-01-31.md"));
  const scans = await Promise.all([scanHome(home.memory), scanHome(another), scanHome(home.memory)]);
  assert.deepEqual(scans.flatMap((scan) => scan.edited).toSorted(), ["SOUL.md", "memory/2026-01-31.md", "new/file.md"]);
  const events = (await home.events("home", ["file.edited"])).map(({ data }) => [data["path"], data["change"]]);
  assert.deepEqual(events.slice(-3).toSorted(), [
    ["SOUL.md", "changed"],
    ["memory/2026-01-31.md", "deleted"],
    ["new/file.md", "created"],
  ]);
  assert.equal(events.length, 5);
  for (const text of ["a", "b", "changed", "new"]) assert.ok(await home.memory.versions.get(hashOf(text)), text);
});

test("scanHome() notices an edit that keeps size and time of modification", async () => {
  await using home = await createTestMemory({ files: { "SOUL.md": "aaaa" } });
  await scanHome(home.memory);
  await home.writeOutside("SOUL.md", "bbbb");
  assert.deepEqual((await scanHome(home.memory)).edited, ["SOUL.md"]);
});

test("scanHome() takes a moved and a touched file for what they are", async () => {
  await using home = await createTestMemory({ files: { "a.md": "same", "b.md": "stays" } });
  await rename(join(home.homeDir, "a.md"), join(home.homeDir, "c.md"));
  await chmod(join(home.homeDir, "b.md"), 0o600);
  assert.deepEqual((await scanHome(home.memory)).edited.toSorted(), ["a.md", "c.md"]);
});

test("scanHome() leaves hidden files, links and other things alone, and watches large files by size", async () => {
  await using home = await createTestMemory({ files: { "a.md": "x", ".git/config": "x", ".env": "SECRET" } });
  await symlink("/etc/hostname", join(home.homeDir, "link.md"));
  await writeFile(join(home.homeDir, "film.mp4"), "");
  await truncate(join(home.homeDir, "film.mp4"), 3_000_000);
  await home.writeOutside("film.mp4", "");
  await truncate(join(home.homeDir, "film.mp4"), 3_000_000);
  const settled = async () => {
    // The time of change must lie behind the clock's grain before the size is taken for the truth.
    await until(async () => (await scanHome(home.memory)).edited.includes("film.mp4"));
  };
  await settled();
  const paths = (await home.events("home", ["file.edited"])).map(({ data }) => data["path"]);
  assert.deepEqual(paths.toSorted(), ["a.md", "film.mp4"]);
  assert.deepEqual((await scanHome(home.memory)).edited, []);
});

test(
  "scanHome() goes on when a file cannot be read",
  { skip: process.getuid?.() === 0 && "root reads everything" },
  async () => {
    await using home = await createTestMemory({ files: { "a.md": "1", "b.md": "1" } });
    await home.writeOutside("a.md", "2");
    await home.writeOutside("b.md", "2");
    await chmod(join(home.homeDir, "a.md"), 0);
    assert.deepEqual((await scanHome(home.memory)).edited, ["b.md"]);
    await chmod(join(home.homeDir, "a.md"), 0o600);
  },
);

test("watchHome() sees an edit without being asked, and stops", async () => {
  await using home = await createTestMemory({ files: { "memory/a.md": "1" } });
  const controller = new AbortController();
  let onEdit: (scan: HomeScan) => void = () => undefined;
  const edits = new Promise<HomeScan>((resolve) => (onEdit = resolve));
  let onFirst: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (onFirst = resolve));
  const watching = watchHome(home.memory, {
    signal: controller.signal,
    // So long that only the watch can tell.
    pollMs: 600_000,
    onScan: (scan) => {
      onFirst();
      if (scan.edited.length > 0) onEdit(scan);
    },
  });
  // The wait must not be what keeps the process alive, nor end it.
  const keepAlive = setInterval(() => undefined, 1000);
  try {
    await first;
    await home.writeOutside("memory/a.md", "2");
    assert.deepEqual((await edits).edited, ["memory/a.md"]);
  } finally {
    controller.abort();
    await watching;
    clearInterval(keepAlive);
  }
});
