/** Files that are too large for marks by line keep the mark of the whole, whatever happens to them, until a person takes it away. */
import assert from "node:assert/strict";
import { chmod, rename, utimes } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "@roost/base/testing/until";
import { formatLabels, parseLabels } from "@roost/contract/labels";
import { stampNow } from "../disk/file-hashes.ts";
import { hashOf } from "../disk/read-disk-file.ts";
import { resolveHomePath } from "../disk/home-path.ts";
import { importRecords } from "../moving/import-records.ts";
import { readRecord } from "../records/file-records.ts";
import { scanHome } from "../scan/scan-home.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";
import { restoreFileVersion } from "./file-versions.ts";
import { keepLargeFiles } from "./keep-large-files.ts";
import { putInPlace } from "./large-files.ts";
import { listMarkedFiles } from "./list-marked-files.ts";
import { stageIncoming, takeImportRange } from "./take-incoming.ts";
import { trustHomeFile } from "./trust-home-file.ts";

const as = { kind: "main", isPerson: true } as const;
const by = "owner";
const path = "films/long.bin";
const labels = ["aud:main", "src:web:page.example", "trust:untrusted"];
const large = (mark: string) => Buffer.from(mark.repeat(1_200_000));

/** Brought by an import that says that it comes from a page. */
async function bringMarked(home: TestMemory, content: Buffer): Promise<void> {
  const brought = { sha256: hashOf(content), bytes: content.length };
  for (let from = 0; from < content.length;)
    ({ next: from } = await takeImportRange(home.memory, { ...brought, from, content: content.subarray(from) }));
  const record = { kind: "file", ref: path, path, brought, labels } as const;
  const [outcome] = await importRecords(home.memory, [record], { source: "folder:there", by });
  assert.equal(outcome?.action, "created");
}

/** Until a look has recorded it as it stands there now; and, unless it is left for later, as a version. */
async function seen(home: TestMemory, at: string, { isKept = true } = {}): Promise<void> {
  await until("a scan has seen it", async () => {
    await scanHome(home.memory);
    return (await readRecord(home.kernel.database, at))?.stamp === stampNow(join(home.homeDir, at));
  });
  if (isKept) await keepLargeFiles(home.memory, { quietMs: 0, everyMs: 0 });
}

async function marksOf({ kernel: { database, labelSets } }: TestMemory, at = path): Promise<string[]> {
  const [row] = await database.query<{ labels: number }>("select labels from memory.file where path = $1", [at]);
  return formatLabels(await labelSets.read(database, row!.labels));
}

test("A large file that was brought with a mark keeps it when it is touched, edited, moved, copied over and restored", async () => {
  await using home = await createTestMemory();
  const file = join(home.homeDir, path);
  await bringMarked(home, large("a"));
  assert.deepEqual(await marksOf(home), labels);
  await seen(home, path);
  await utimes(file, 1_700_000_000, 1_700_000_000);
  await chmod(file, 0o600);
  await seen(home, path);
  assert.deepEqual(await marksOf(home), labels, "touched");
  await home.writeOutside(path, String(large("b")));
  await seen(home, path, { isKept: false });
  assert.deepEqual(await marksOf(home), labels, "edited: nobody tells what of it is new");
  await seen(home, path);
  const elsewhere = "notes/other.bin";
  await rename(file, join(home.homeDir, "films/moved.bin"));
  await home.writeOutside(elsewhere, String(large("a")));
  await seen(home, "films/moved.bin");
  await seen(home, elsewhere);
  assert.deepEqual(await marksOf(home, "films/moved.bin"), labels, "moved, in its edited form");
  assert.deepEqual(await marksOf(home, elsewhere), labels, "copied");
  const mine = "films/mine.bin";
  await home.writeOutside(mine, String(large("m")));
  await seen(home, mine);
  assert.deepEqual(await marksOf(home, mine), ["trust:owner"], "another");
  await home.writeOutside(mine, String(large("a")));
  await seen(home, mine);
  await home.writeOutside(mine, String(large("m")));
  await trusted(home, mine);
  await restoreFileVersion(home.memory, { path: mine, sha256: hashOf(large("a")), as, by });
  assert.deepEqual(await marksOf(home, mine), labels, "restored");
});

async function trusted(home: TestMemory, at: string): Promise<void> {
  await seen(home, at);
  const { lineCount, sources } = await trustHomeFile(home.memory, { path: at, by });
  assert.deepEqual([lineCount, sources], [1, ["web:page.example"]]);
}

test("trustHomeFile() takes the mark from a large file as a whole, once, and from its content wherever that is", async () => {
  await using home = await createTestMemory();
  await bringMarked(home, large("a"));
  await seen(home, path);
  const marked = async () => (await listMarkedFiles(home.memory, { as })).filter(({ mark }) => mark !== null).length;
  assert.equal(await marked(), 1);
  const trust = { path, by };
  await assert.rejects(trustHomeFile(home.memory, { ...trust, fromLine: 1 }), { code: "invalid_input" });
  await assert.rejects(trustHomeFile(home.memory, { ...trust, sha256: hashOf("x") }), { code: "conflict" });
  await trusted(home, path);
  assert.equal(await marked(), 0);
  assert.equal((await trustHomeFile(home.memory, trust)).lineCount, 0);
  const [event, ...more] = await home.events("home", ["file.trusted"]);
  assert.deepEqual([event?.data["path"], event?.data["sha256"], more], [path, hashOf(large("a")), []]);
  await rename(join(home.homeDir, path), join(home.homeDir, "films/moved.bin"));
  await seen(home, "films/moved.bin");
  assert.equal(await marked(), 0);
});

test("putInPlace() records the labels of a file whose transaction is repeated after the file is in its place", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  const target = await resolveHomePath(home.homeDir, path);
  const content = large("a");
  let times = 0;
  const outcome = await putInPlace(memory, {
    ...target,
    sha256: hashOf(content),
    bytes: content.length,
    expected: "absent",
    by,
    labels: parseLabels(labels),
    file: await stageIncoming(memory, content),
    async alongside(tx) {
      times += 1;
      if (times === 1) await tx.query("do $$ begin raise exception 'again' using errcode = '40P01'; end $$");
    },
  });
  assert.deepEqual([outcome, times], [{ state: "written", sha256: hashOf(content) }, 2]);
  assert.deepEqual(await marksOf(home), labels);
});
