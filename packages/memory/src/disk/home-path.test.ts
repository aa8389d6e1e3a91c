import assert from "node:assert/strict";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseHomePath, resolveHomePath } from "./home-path.ts";

test("parseHomePath() takes paths below the home", () => {
  assert.equal(parseHomePath("SOUL.md"), "SOUL.md");
  assert.equal(parseHomePath("./memory/2026-01-31.md"), "memory/2026-01-31.md");
  assert.equal(parseHomePath("letters/Brief an die Bank (2).md"), "letters/Brief an die Bank (2).md");
  assert.equal(parseHomePath("skills/größe/SKILL.md"), "skills/größe/SKILL.md");
});

const refused = [
  "",
  ".",
  "..",
  "../x",
  "a/../../x",
  "a/../b",
  "/etc/passwd",
  "//host/share",
  "~/x",
  "C:/x",
  "a:b",
  "\\\\host\\x",
  "a\\..\\b",
  "a//b",
  "a/",
  "a/./b",
  ".roost/token",
  "./.roost/token",
  ".ROOST/token",
  "memory/.env",
  ".git/config",
  "a\0b",
  "a\nb",
  "MEM\u200DORY.md",
  "SOUL.md\u202E",
  "\uFEFFSOUL.md",
  "\uD800",
  "name.",
  "name ",
  "folder./x",
  "x".repeat(300),
  "x/".repeat(600) + "y",
  Array.from({ length: 13 }, () => "d").join("/"),
];
for (const path of refused) {
  test(`parseHomePath() refuses ${JSON.stringify(path).slice(0, 40)}`, () =>
    assert.throws(() => parseHomePath(path), { code: "invalid_input" }));
}

test("resolveHomePath() follows links inside the home to where they lead, and none out of it", async () => {
  const base = await realpath(await mkdtemp(join(tmpdir(), "roost-path-")));
  try {
    const home = join(base, "home");
    await mkdir(join(home, ".roost"), { recursive: true });
    await mkdir(join(home, "work/blog"), { recursive: true });
    await mkdir(join(base, "home-other"));
    await writeFile(join(home, "MEMORY.md"), "m");
    await writeFile(join(home, ".roost/token"), "t");
    await writeFile(join(base, "secret"), "s");
    await writeFile(join(base, "home-other/secret"), "s");
    const links: [string, string][] = [
      ["../../MEMORY.md", "work/blog/inside.md"],
      ["../../../secret", "work/blog/outside.md"],
      ["/etc", "work/etc"],
      ["../home-other", "sibling"],
      [".roost", "machinery"],
      [".roost/token", "token.md"],
      ["loop.md", "loop.md"],
      ["../secret-that-is-not-there", "dangling.md"],
      ["nothing-yet.md", "dangling-inside.md"],
      [".", "work/self"],
    ];
    for (const [target, path] of links) await symlink(target, join(home, path));

    assert.equal((await resolveHomePath(home, "MEMORY.md")).path, "MEMORY.md");
    assert.equal((await resolveHomePath(home, "work/blog/inside.md")).path, "MEMORY.md");
    assert.equal((await resolveHomePath(home, "work/self/blog/inside.md")).path, "MEMORY.md");
    assert.equal((await resolveHomePath(home, "new/folder/file.md")).path, "new/folder/file.md");
    const refusedLinks = [
      "work/blog/outside.md",
      "work/etc/passwd",
      "sibling/secret",
      "machinery/token",
      "token.md",
      "loop.md",
      "dangling.md",
      "dangling-inside.md",
    ];
    for (const path of refusedLinks) await assert.rejects(resolveHomePath(home, path), { code: "forbidden" }, path);
    await assert.rejects(resolveHomePath(home, "MEMORY.md/x"), { code: "invalid_input" });
  } finally {
    await rm(base, { recursive: true });
  }
});
