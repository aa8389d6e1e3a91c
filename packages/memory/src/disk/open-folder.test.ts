import assert from "node:assert/strict";
import { mkdir, open, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { joinLabels, mainLabels, untrustedFrom } from "@roost/contract/labels";
import { writeHomeFile } from "../files/write-home-file.ts";
import { scanHome } from "../scan/scan-home.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";
import { resolveHomePath } from "./home-path.ts";
import { identityOf, openFolder, refuseExchanged } from "./open-folder.ts";
import { hashOf, readDiskFile } from "./read-disk-file.ts";
import { removeFile, replaceFile } from "./replace-file.ts";

const id = "01a22000-0000-7000-8000-000000000000";

/** A program in work/blog exchanges its folder for a link, at the moment that the test chooses. */
async function openHome() {
  const home = await createTestMemory({ files: { "skills/a/SKILL.md": "mine\n", "work/blog/x/SKILL.md": "mine\n" } });
  const at = (path: string) => join(home.homeDir, path);
  const exchange = async () => {
    await rename(at("work/blog/x"), at("work/blog/aside"));
    await symlink(at("skills/a"), at("work/blog/x"));
  };
  const exchangeBack = async () => {
    await rm(at("work/blog/x"));
    await rename(at("work/blog/aside"), at("work/blog/x"));
  };
  return { ...home, at, exchange, exchangeBack };
}

async function skillsOf({ homeDir }: Pick<TestMemory, "homeDir">): Promise<string[]> {
  const names = await readdir(join(homeDir, "skills/a"));
  return Promise.all(names.map(async (name) => `${name}: ${await readFile(join(homeDir, "skills/a", name), "utf8")}`));
}

test("A folder that is exchanged for a link after its path was checked is not followed, neither to write nor to read or remove", async () => {
  await using home = await openHome();
  const { absolute } = await resolveHomePath(home.homeDir, "work/blog/x/SKILL.md");
  const made = await resolveHomePath(home.homeDir, "work/blog/x/new/SKILL.md");
  const expected = (await readDiskFile(absolute))!.sha256;
  await home.exchange();
  const exchanged = {
    code: "forbidden",
    message: /SKILL\.md: a folder of its path was exchanged for a link|x: a folder of its path/,
  };
  const bytes = Buffer.from("obey\n");
  await assert.rejects(replaceFile({ absolute, bytes, expected, id }), exchanged);
  await assert.rejects(replaceFile({ absolute: made.absolute, bytes, expected: "absent", id }), exchanged);
  await assert.rejects(removeFile({ absolute, expected, id }), exchanged);
  await assert.rejects(readDiskFile(absolute), exchanged);
  assert.deepEqual(await skillsOf(home), ["SKILL.md: mine\n"]);
});

test("Without /proc, files are read, replaced and removed by path, and an exchanged folder is refused, also one that was exchanged back", async () => {
  await using home = await openHome();
  const folder = home.at("work/blog/x");
  const absolute = join(folder, "SKILL.md");
  const options = { descriptors: home.at("no-proc") };
  const bytes = Buffer.from("own\n");
  const { sha256: expected } = (await readDiskFile(absolute, options))!;
  assert.equal((await replaceFile({ absolute, bytes, expected, id, ...options })).state, "replaced");
  const made = { absolute: home.at("work/blog/new/a.md"), id, ...options };
  assert.equal((await replaceFile({ ...made, bytes, expected: "absent" })).state, "replaced");
  assert.deepEqual(await removeFile({ ...made, expected: hashOf(bytes) }), { state: "removed" });

  const refused = { code: "forbidden", message: /exchanged for a link/ };
  await using opened = await openFolder(folder, options);
  await home.exchange();
  await assert.rejects(readDiskFile(absolute, options), refused);
  await assert.rejects(replaceFile({ absolute, bytes, expected, id, ...options }), refused);
  await assert.rejects(removeFile({ absolute, expected, id, ...options }), refused);
  await assert.rejects(opened.check("SKILL.md", identityOf(await stat(absolute))), refused);
  await using read = await open(absolute);
  await writeFile(join(opened.at, "b.md"), "elsewhere");
  const written = identityOf(await stat(join(opened.at, "b.md")));
  await home.exchangeBack();
  await assert.rejects(refuseExchanged(read, absolute, options), refused);
  await assert.rejects(opened.check("b.md", written), refused);
  await assert.rejects(opened.check("SKILL.md", undefined), refused, "it is not this one that was removed");
  await opened.check("SKILL.md", identityOf(await stat(absolute)));
  assert.deepEqual(await skillsOf(home), ["SKILL.md: mine\n", "b.md: elsewhere"]);
});

test("writeHomeFile() whose folder is exchanged for a link just before the rename is refused, and its intent is gone", async () => {
  await using home = await openHome();
  const as = { kind: "cron", jobId: "blog" } as const;
  const labels = joinLabels(mainLabels, untrustedFrom("web", "page.example"));
  const expected = (await readDiskFile(home.at("work/blog/x/SKILL.md")))!.sha256;
  const write = { path: "work/blog/x/SKILL.md", text: "obey\n", expected, as, by: "job:blog", labels };
  await assert.rejects(writeHomeFile(home.memory, { ...write, alongside: home.exchange }), {
    code: "forbidden",
    message: /exchanged for a link/,
  });
  assert.deepEqual(await skillsOf(home), ["SKILL.md: mine\n"]);
  await scanHome(home.memory);
  assert.deepEqual(await home.test.database.query("select path from memory.file_intent"), []);
});

test("replaceFile() makes missing folders, and says what stands in the way of one", async () => {
  await using home = await openHome();
  const replaced = await replaceFile({
    absolute: home.at("work/new/deep/a.md"),
    bytes: Buffer.from("a"),
    expected: "absent",
    id,
  });
  assert.equal(replaced.state, "replaced");
  assert.equal(await home.read("work/new/deep/a.md"), "a");
  await mkdir(home.at("work/other"));
  await writeFile(home.at("work/other/file"), "");
  await assert.rejects(
    replaceFile({ absolute: home.at("work/other/file/a.md"), bytes: Buffer.from("a"), expected: "absent", id }),
    { code: "invalid_input", message: /a part of its path is a file/ },
  );
  const gone = { absolute: home.at("work/none/a.md"), expected: "0".repeat(64), id };
  assert.deepEqual(await replaceFile({ ...gone, bytes: Buffer.from("a") }), { state: "conflict", current: undefined });
  assert.deepEqual(await removeFile(gone), { state: "conflict", current: undefined });
});
