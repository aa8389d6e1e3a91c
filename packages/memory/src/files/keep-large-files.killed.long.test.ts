/** A process that is killed before each of its steps: what was acknowledged is there, what is recorded as a version is in the store, and nothing else is. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "@roost/base/testing/until";
import { formatLabels } from "@roost/contract/labels";
import { stampNow } from "../disk/file-hashes.ts";
import { hashOf } from "../disk/read-disk-file.ts";
import { importRecords } from "../moving/import-records.ts";
import { readRecord } from "../records/file-records.ts";
import { scanHome } from "../scan/scan-home.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";
import { listFileVersions } from "./file-versions.ts";
import { dropLargeVersions, keepLargeFiles } from "./keep-large-files.ts";
import { takeImportRange } from "./take-incoming.ts";

const fixture = fileURLToPath(new URL("./keep-until-killed.fixture.ts", import.meta.url));
const as = { kind: "main" } as const;
const bytesOf = (mark: string) => mark.repeat(Math.ceil(1_100_000 / mark.length));
const labels = ["aud:main", "src:web:page.example", "trust:untrusted"];
const everything = { count: 1_000, bytes: Infinity };
const stepsMax = 300;

async function seen(home: TestMemory, path: string): Promise<void> {
  await until("a scan has seen it", async () => {
    await scanHome(home.memory);
    return (await readRecord(home.kernel.database, path))?.stamp === (stampNow(join(home.homeDir, path)) ?? undefined);
  });
}

/** What it said, and whether it was killed. */
async function runUntil(home: TestMemory, args: string[]): Promise<{ said: string[]; isKilled: boolean }> {
  const child = spawn(process.execPath, [fixture, home.test.url, home.homeDir, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output, [, signal]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  // What the server still does for a killed process holds the path's lock.
  await home.test.database.query(
    "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = current_database() and application_name = 'killed'",
  );
  return { said: output.trim().split("\n"), isKilled: signal === "SIGKILL" };
}

async function assertWhole({ memory, test: { database } }: TestMemory, when: string): Promise<void> {
  const rows = await database.query<{ sha256: string; state: string }>(
    "select sha256, state from memory.large_version",
  );
  assert.deepEqual(
    rows.filter(({ state }) => state !== "kept" && state !== "dropped"),
    [],
    when,
  );
  const kept = new Set(rows.filter(({ state }) => state === "kept").map(({ sha256 }) => sha256));
  for (const sha256 of kept)
    assert.ok(await memory.versions.get(sha256), `${when}: ${sha256} is recorded and not there`);
  const { objects } = await memory.versions.list();
  const orphans = objects.filter(({ sha256, bytes }) => bytes > 1_048_576 && !kept.has(sha256));
  assert.deepEqual(orphans, [], `${when}: nothing knows them`);
}

/** After a kill: what was acknowledged is the same, else it comes now, on from where it was cut off. */
async function importAgain(
  home: TestMemory,
  { path, text, isThere }: { path: string; text: string; isThere: boolean },
): Promise<void> {
  const content = Buffer.from(text);
  const brought = { sha256: hashOf(content), bytes: content.length };
  const take = async () => {
    const record = { kind: "file", ref: path, path, brought, labels } as const;
    const [outcome] = await importRecords(home.memory, [record], { source: "folder:there", by: "owner" });
    return outcome!.action;
  };
  if (isThere) assert.equal(await take(), "same", path);
  for (let from = 0; !isThere && from < content.length;)
    ({ next: from } = await takeImportRange(home.memory, { ...brought, from, content: content.subarray(from) }));
  if (!isThere) assert.match(await take(), /^(?:created|same)$/, path);
  assert.equal(await home.read(path), text);
  assert.equal(await take(), "same", path);
}

async function marksOf({ kernel: { database, labelSets } }: TestMemory, path: string): Promise<string[]> {
  const [row] = await database.query<{ labels: number }>("select labels from memory.file where path = $1", [path]);
  return formatLabels(await labelSets.read(database, row!.labels));
}

test("Wherever a process is killed while it imports, keeps, removes, restores and drops large files, nothing that was acknowledged is lost", async (t) => {
  await using home = await createTestMemory();
  let isLeft = true;
  let step = 1;
  for (; isLeft; step += 1) {
    assert.ok(step < stepsMax);
    const when = `killed before step ${step}`;
    const path = `films/${step}.bin`;
    const [first, second, third] = [`a${step} `, `b${step} `, `c${step} `];
    await home.writeOutside(path, bytesOf(first));
    await seen(home, path);
    await keepLargeFiles(home.memory, { quietMs: 0, everyMs: 0 });
    const { said, isKilled } = await runUntil(home, [path, String(step), first, second, third]);
    isLeft = isKilled;
    if (!isKilled) assert.deepEqual(said, ["imported", "brought", "removed", "restored", "dropped"]);
    const moved = `moved/${path}`;
    await importAgain(home, { path: moved, text: bytesOf(third), isThere: said.includes("imported") });
    await seen(home, moved);
    // Ten minutes later: what a dead process left may be settled.
    await home.test.clock.advance(11 * 60_000);
    await scanHome(home.memory, { nowMs: Date.now() + 11 * 60_000 });
    await until("what is there is a version", async () => {
      await scanHome(home.memory);
      await keepLargeFiles(home.memory, { quietMs: 0, everyMs: 0 });
      const record = await readRecord(home.kernel.database, path);
      return record === undefined || record.keptSha256 !== null;
    });
    await dropLargeVersions(home.memory, everything);
    await assertWhole(home, when);
    assert.deepEqual(await marksOf(home, moved), labels, `${when}: its mark`);
    const { versions, present } = await listFileVersions(home.memory, path, { as });
    const known = new Set([present, ...versions.map(({ sha256 }) => sha256)]);
    assert.ok(known.has(hashOf(bytesOf(first))), `${when}: the first`);
    if (said.includes("brought")) assert.ok(known.has(hashOf(bytesOf(second))), `${when}: the second`);
    const dropped = versions.filter((version) => version.dropped !== undefined).map(({ sha256 }) => sha256);
    const told = (await home.events("home", ["file.dropped"])).map(({ data }) => data["sha256"]);
    for (const sha256 of dropped) assert.ok(told.includes(sha256), `${when}: dropped and not told`);
    const names = await readdir(join(home.homeDir, "films"));
    assert.deepEqual(
      names.filter((name) => name.startsWith(".")),
      [],
      when,
    );
    // What a process dropped of other files is theirs; each step begins with its own.
    await home.test.database.query("delete from memory.large_version where path <> $1 and state = 'dropped'", [path]);
  }
  t.diagnostic(`killed before each of ${step - 2} steps`);
});
