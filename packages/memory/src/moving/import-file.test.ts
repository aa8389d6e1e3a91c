/** Files that are too large for a record. Over the wire, exported again, and killed: test/moving. */
import assert from "node:assert/strict";
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { formatLabels } from "@roost/contract/labels";
import { largeFileBytesMax, type ImportOutcome } from "@roost/contract/operations";
import { hashOf } from "../disk/read-disk-file.ts";
import { listFileVersions } from "../files/file-versions.ts";
import { keepLargeFiles } from "../files/keep-large-files.ts";
import { takeImportRange } from "../files/take-incoming.ts";
import { readRecord } from "../records/file-records.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";
import { importRecords, type MemoryRecord } from "./import-records.ts";
import { readImported, type ImportTerms } from "./imported.ts";

const as = { kind: "main" } as const;
const terms: ImportTerms = { source: "folder:there", by: "owner" };
const path = "films/long.bin";
const large = (mark: string) => Buffer.from(mark.repeat(1_200_000));

function recordOf(content: Buffer | string, more: object = {}): MemoryRecord {
  const given =
    typeof content === "string" ? { text: content } : { brought: { sha256: hashOf(content), bytes: content.length } };
  return { kind: "file", ref: path, path, ...given, ...more };
}

/** In two parts, one after the other. */
async function bring({ memory }: TestMemory, content: Buffer): Promise<void> {
  const whole = { sha256: hashOf(content), bytes: content.length };
  const { next } = await takeImportRange(memory, { ...whole, from: 0, content: content.subarray(0, 1_000_000) });
  assert.equal(next, 1_000_000);
  // What is said twice changes nothing.
  assert.deepEqual(await takeImportRange(memory, { ...whole, from: 0, content: content.subarray(0, 9) }), { next });
  const rest = await takeImportRange(memory, { ...whole, from: next, content: content.subarray(next) });
  assert.equal(rest.next, content.length);
}

async function take({ memory }: TestMemory, record: MemoryRecord, more: Partial<ImportTerms> = {}) {
  const [outcome] = await importRecords(memory, [record], { ...terms, ...more });
  return outcome!;
}

const told = ({ action, reason }: ImportOutcome) => (reason === null ? action : `${action}: ${reason}`);

test("importRecords() takes a large file that was brought, once, with its labels, and it becomes a version", async () => {
  await using home = await createTestMemory();
  const [first, second] = [large("a"), large("b")];
  const labels = ["aud:main", "src:web:page.example", "trust:untrusted"];
  const record = recordOf(first, { labels, kept: { odd: 1 } });
  assert.equal(told(await take(home, record, { isDryRun: true })), "created");
  assert.match(told(await take(home, record)), /^refused: what it holds was not brought/);
  await bring(home, first);
  assert.equal(told(await take(home, record, { isDryRun: true })), "created");
  await assert.rejects(home.read(path), { code: "ENOENT" }, "a dry run changes nothing");
  assert.equal(told(await take(home, record)), "created");
  assert.equal(await home.read(path), String(first));
  const { database, labelSets } = home.kernel;
  const [row] = await database.query<{ labels: number }>("select labels from memory.file where path = $1", [path]);
  assert.deepEqual(formatLabels(await labelSets.read(database, row!.labels)), labels);
  const base = (await readImported(database, terms.source, [path])).get(path);
  assert.deepEqual([base?.sha256, base?.kept], [hashOf(first), { odd: 1 }]);
  const count = (await home.events("home")).length;
  assert.equal(told(await take(home, record)), "same");
  assert.equal((await home.events("home")).length, count, "twice changes nothing");
  assert.equal((await keepLargeFiles(home.memory, { quietMs: 0, everyMs: 0 })).keptCount, 1);

  await bring(home, second);
  assert.equal(told(await take(home, recordOf(second))), "changed");
  await keepLargeFiles(home.memory, { quietMs: 0, everyMs: 0 });
  const { versions, present } = await listFileVersions(home.memory, path, { as });
  assert.equal(present, hashOf(second));
  assert.deepEqual(
    versions.map(({ sha256 }) => sha256),
    [hashOf(second), hashOf(first)],
  );
});

test("importRecords() compares a large file as any other: what changed here stays, and nothing is replaced that is no version", async () => {
  await using home = await createTestMemory({ files: { [path]: "mine\n" } });
  const [first, second] = [large("a"), large("b")];
  const record = recordOf(first);
  await bring(home, first);
  assert.match(told(await take(home, record)), /^beside: .*another file here/);
  const beside = "imported/folder-there/films/long.bin";
  assert.equal(await home.read(beside), String(first));
  assert.equal(await home.read(path), "mine\n");

  const other: Partial<ImportTerms> = { source: "folder:other", replaces: true };
  await bring(home, first);
  assert.equal(told(await take(home, record, other)), "changed");
  // Of a small one by a large one, and the other way round, each is a version.
  const small = "small again\nof a page\n";
  const sections: [number, number, string[]][] = [
    [1, 1, ["aud:main"]],
    [2, 1, ["aud:main", "trust:untrusted", "src:web:page.example"]],
  ];
  assert.equal(told(await take(home, recordOf(small, { sections }), other)), "changed");
  assert.equal(await home.read(path), small);
  const { versions } = await listFileVersions(home.memory, path, { as });
  assert.deepEqual(
    new Set(versions.map(({ sha256 }) => sha256)),
    new Set([hashOf(small), hashOf(first), hashOf("mine\n")]),
  );
  const [row] = await home.kernel.database.query<{ sections: unknown[] | null }>(
    "select sections from memory.file where path = $1",
    [path],
  );
  assert.equal(row?.sections?.length, 2, "of which one line is marked");

  await home.writeOutside(beside, String(second));
  assert.equal(told(await take(home, record)), "kept: changed here since");
  assert.equal(told(await take(home, recordOf(large("c")))), "kept: changed on both sides: --replace takes theirs");
  assert.equal(await home.read(beside), String(second));
});

test("importRecords() refuses by name a large file in the place of a state, over one beyond the limit, and damaged parts", async () => {
  await using home = await createTestMemory({ files: { "films/huge.bin": "" } });
  const content = large("a");
  await bring(home, content);
  const refusal = async (place: string) => told(await take(home, recordOf(content, { path: place, ref: place })));
  assert.match(await refusal("memory/email-state.json"), /^refused: it is no state/);
  await truncate(join(home.homeDir, "films/huge.bin"), largeFileBytesMax + 1);
  assert.match(await refusal("films/huge.bin"), /^refused: films\/huge\.bin has 2147483649 bytes/);
  assert.match(await refusal("hooks/a.bin"), /^refused: settings, agents and hooks/);
  assert.equal(await readRecord(home.kernel.database, "hooks/a.bin"), undefined);
  const damaged = { sha256: hashOf("b"), bytes: 1, from: 0, content: Buffer.from("c") };
  await assert.rejects(takeImportRange(home.memory, damaged), { code: "invalid_input", message: /another hash/ });
});
