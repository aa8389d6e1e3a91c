import assert from "node:assert/strict";
import { copyFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isUntrusted, joinLabels, mainLabels, untrustedFrom } from "@roost/contract/labels";
import { getState } from "../state/get-state.ts";
import { setState } from "../state/set-state.ts";
import { hashOf } from "../disk/read-disk-file.ts";
import { untrustedLines } from "../records/line-marks.ts";
import { scanHome } from "../scan/scan-home.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";
import { listMarkedFiles } from "./list-marked-files.ts";
import { readMarkedFile } from "./read-home-file.ts";
import { trustHomeFile } from "./trust-home-file.ts";
import { writeHomeFile } from "./write-home-file.ts";

const as = { kind: "main" } as const;
const page = joinLabels(mainLabels, untrustedFrom("web", "page.example"));
const mine = "mine\n";
const text = "mine\nfrom the page\nalso from it\n";
const by = "person:owner";

/** A run that has read a page has added two lines to a note. */
async function openHome(): Promise<TestMemory> {
  const home = await createTestMemory({ files: { "notes/a.md": mine } });
  const write = { path: "notes/a.md", text, expected: hashOf(mine), as, by: "session:main", labels: page };
  assert.equal((await writeHomeFile(home.memory, write)).state, "written");
  return home;
}

async function markedOf({ memory }: TestMemory, path: string): Promise<number[][]> {
  const { marks } = await readMarkedFile(memory, path, { as });
  return untrustedLines(marks).map(({ from, count }) => [from, count]);
}

test("trustHomeFile() takes the mark from the lines that a person names, as an event, and from no other", async () => {
  await using home = await openHome();
  const { memory } = home;
  assert.deepEqual(await markedOf(home, "notes/a.md"), [[2, 3]]);
  const [listed] = (await listMarkedFiles(memory, { as })).filter(({ mark }) => mark !== null);
  assert.deepEqual([listed?.path, listed?.mark?.lines], ["notes/a.md", [{ from: 2, to: 4 }]]);
  const wrong = { path: "notes/a.md", by };
  await assert.rejects(trustHomeFile(memory, { ...wrong, sha256: hashOf(mine) }), { code: "conflict" });
  await assert.rejects(trustHomeFile(memory, { ...wrong, fromLine: 9 }), { code: "invalid_input" });
  await assert.rejects(trustHomeFile(memory, { ...wrong, path: "notes/none.md" }), { code: "not_found" });
  const trusted = await trustHomeFile(memory, { path: "notes/a.md", fromLine: 2, toLine: 2, by });
  assert.deepEqual([trusted.lineCount, trusted.leftCount, trusted.sources], [1, 2, ["web:page.example"]]);
  assert.deepEqual(await markedOf(home, "notes/a.md"), [[3, 2]]);
  const [event, ...others] = await home.events("home", ["file.trusted"]);
  const [written] = await home.events("home", ["file.written"]);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [event?.data["by"], event?.data["fromLine"], event?.data["lineCount"], event?.causation],
    [by, 2, 1, written?.id],
  );
  await trustHomeFile(memory, { path: "notes/a.md", by });
  assert.deepEqual(await markedOf(home, "notes/a.md"), []);
  assert.equal((await trustHomeFile(memory, { path: "notes/a.md", by })).lineCount, 0);
  assert.equal((await home.events("home", ["file.trusted"])).length, 2);
  // What a person vouches for may be copied.
  await copyFile(join(home.homeDir, "notes/a.md"), join(home.homeDir, "notes/copy.md"));
  assert.deepEqual(await markedOf(home, "notes/copy.md"), []);
});

test("trustHomeFile() takes over an edit that no scan has seen, and vouches for a state as a whole", async () => {
  await using home = await openHome();
  const { memory } = home;
  await home.writeOutside("work/blog/draft.md", "from a program\n");
  await trustHomeFile(memory, { path: "work/blog/draft.md", by });
  assert.deepEqual(await markedOf(home, "work/blog/draft.md"), []);
  await home.writeOutside("work/blog/draft.md", "from a program\nand more\n");
  assert.deepEqual(await markedOf(home, "work/blog/draft.md"), [[2, 2]]);
  await setState(memory, { name: "page", value: { line: "obey" }, by: "session:main", labels: page });
  const path = "memory/page-state.json";
  await assert.rejects(trustHomeFile(memory, { path, fromLine: 1, by }), { code: "invalid_input" });
  assert.ok(isUntrusted((await getState(memory, "page"))!.labels));
  assert.deepEqual((await trustHomeFile(memory, { path, by })).sources, ["web:page.example"]);
  const state = await getState(memory, "page");
  assert.deepEqual([state?.labels.trust, state?.value], ["owner", { line: "obey" }]);
});

test("A marked file keeps its marks where it is moved, renamed or copied to, and when it is brought back", async () => {
  await using home = await openHome();
  const { memory, homeDir } = home;
  const at = (path: string) => join(homeDir, path);
  await home.writeOutside("notes/other.md", "something else\n");
  // Too short to be known by its lines.
  const short = { path: "notes/short.md", text: "obey\n", expected: "absent", as, by: "session:main", labels: page };
  await writeHomeFile(memory, short);
  await copyFile(at("notes/short.md"), at("notes/short2.md"));
  assert.deepEqual(await markedOf(home, "notes/short2.md"), [[1, 2]]);
  for (const settle of [async () => undefined, () => scanHome(memory)]) {
    await rename(at("notes/a.md"), at("notes/moved.md"));
    await copyFile(at("notes/moved.md"), at("notes/b.md"));
    await copyFile(at("notes/moved.md"), at("notes/other.md"));
    await settle();
    for (const path of ["notes/moved.md", "notes/b.md", "notes/other.md"])
      assert.deepEqual(await markedOf(home, path), [[2, 3]], path);
    await unlink(at("notes/moved.md"));
    await unlink(at("notes/b.md"));
    await scanHome(memory);
    await home.writeOutside("notes/a.md", text);
    await settle();
    assert.deepEqual(await markedOf(home, "notes/a.md"), [[2, 3]]);
  }
  // A person who rewrites a line vouches for it, wherever the file is by now.
  await scanHome(memory);
  await home.writeOutside("notes/a.md", "mine\nfrom the page, checked\nalso from it\n");
  assert.deepEqual(await markedOf(home, "notes/a.md"), [[3, 2]]);
});

test("A marked file that is moved and edited between two scans keeps the marks of its lines, and a copy that is edited too", async () => {
  for (const settle of [async () => undefined, (home: TestMemory) => scanHome(home.memory)]) {
    await using home = await openHome();
    const { homeDir } = home;
    await home.writeOutside("notes/new.md", "a title\nalso from it\nmine, too\n");
    await home.writeOutside("notes/copy.md", `${text}a last line\n`);
    await home.writeOutside("notes/own.md", "what others say\nfrom here and there\n");
    await unlink(join(homeDir, "notes/a.md"));
    await settle(home);
    assert.deepEqual(await markedOf(home, "notes/new.md"), [[2, 1]]);
    assert.deepEqual(await markedOf(home, "notes/copy.md"), [[2, 2]]);
    assert.deepEqual(await markedOf(home, "notes/own.md"), []);
  }
});

test("A few marked lines among many others keep their marks where they are copied to, while the file that they are from stays", async () => {
  await using home = await openHome();
  const { memory } = home;
  const lines = Array.from({ length: 100 }, (_, index) => `- item ${index} of the list of this page`);
  const write = { as, by: "session:main", labels: page, expected: "absent" };
  const settings = "trigger: { kind: manual }\noverlap: queue-one\n";
  await writeHomeFile(memory, { path: "notes/list.md", text: `${lines.join("\n")}\n${settings}`, ...write });
  const own = Array.from({ length: 200 }, (_, index) => `what I thought of it on day ${index}`);
  const copy = [...own, lines[42], ...own.map((line) => `${line}, again`), `\t${lines[99]}`].join("\n");
  for (const settle of [async () => undefined, () => scanHome(memory)]) {
    await home.writeOutside("notes/diary.md", copy);
    await home.writeOutside("jobs/mine.yaml", `id: mine\nprompt: what I want to know\n${settings}`);
    await settle();
    assert.deepEqual(await markedOf(home, "notes/diary.md"), [
      [201, 1],
      [402, 1],
    ]);
    assert.deepEqual(await markedOf(home, "jobs/mine.yaml"), []);
  }
  // Vouched for where it is from, it is no longer known as the page's.
  await trustHomeFile(memory, { path: "notes/list.md", fromLine: 43, toLine: 43, by });
  await home.writeOutside("notes/later.md", copy.replaceAll("what I thought", "what I said"));
  assert.deepEqual(await markedOf(home, "notes/later.md"), [[402, 1]]);
});

test("What a person has vouched for is not marked again where it is moved and edited; lines of its copies that they have not, are", async () => {
  await using home = await openHome();
  const { memory, homeDir } = home;
  await home.writeOutside("notes/b.md", text);
  await scanHome(memory);
  await trustHomeFile(memory, { path: "notes/a.md", fromLine: 2, toLine: 2, by });
  await unlink(join(homeDir, "notes/a.md"));
  await unlink(join(homeDir, "notes/b.md"));
  await home.writeOutside("notes/c.md", `${text}more\n`);
  assert.deepEqual(await markedOf(home, "notes/c.md"), [[3, 1]]);
});

/** More contents with a line in common than are read for one file. */
const many = Array.from({ length: 25 }, (_, index) => index + 1);
const fromPage = (number: number) => `line ${number}, as the page had it\n`;

test("A marked file of many versions that is moved and edited keeps the marks of its newest lines, and vouching for it covers them all", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  const versions = many.map((number) => many.slice(0, number).map(fromPage).join(""));
  for (const [index, version] of versions.entries()) {
    const expected = index === 0 ? "absent" : hashOf(versions[index - 1]!);
    const write = { path: "notes/a.md", text: version, expected, as, by: "session:main", labels: page };
    await writeHomeFile(memory, write);
  }
  await rename(join(home.homeDir, "notes/a.md"), join(home.homeDir, "notes/moved.md"));
  await home.writeOutside("notes/moved.md", `mine\n${fromPage(1)}${fromPage(25)}`);
  assert.deepEqual(await markedOf(home, "notes/moved.md"), [[2, 3]]);
  await home.writeOutside("notes/a.md", versions.at(-1)!);
  await trustHomeFile(memory, { path: "notes/a.md", by });
  for (const version of versions) {
    await home.writeOutside("notes/back.md", version);
    assert.deepEqual(await markedOf(home, "notes/back.md"), [], version);
  }
});

test("A file with lines of more marked contents than are read for it has all of them marked, and none of the person's", async () => {
  await using home = await createTestMemory();
  for (const number of many) {
    const path = `notes/${number}.md`;
    const write = { path, text: `the same in all\n${fromPage(number)}`, expected: "absent" } as const;
    await writeHomeFile(home.memory, { ...write, as, by: "session:main", labels: page });
  }
  await home.writeOutside("notes/all.md", `the same in all\n${many.map(fromPage).join("")}mine\n`);
  assert.deepEqual(await markedOf(home, "notes/all.md"), [[1, 26]]);
});
