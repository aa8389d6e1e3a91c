/** Versions of files that are too large to be held in memory. Between hosts: test/hosts/copies.test.ts. Killed at any step: keep-large-files.killed.long.test.ts. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import { until } from "@roost/base/testing/until";
import { largeFileBytesMax } from "@roost/contract/operations";
import { stampNow } from "../disk/file-hashes.ts";
import { hashOf } from "../disk/read-disk-file.ts";
import type { Memory } from "../memory.ts";
import { openMemory } from "../open-memory.ts";
import { listFileProblems } from "../records/file-problems.ts";
import { readRecord } from "../records/file-records.ts";
import { announceVersion } from "../records/large-versions.ts";
import { scanHome } from "../scan/scan-home.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";
import { listFileVersions, restoreFileVersion } from "./file-versions.ts";
import { createLargeFileLoop, dropLargeVersions, keepLargeFiles } from "./keep-large-files.ts";
import { hashHomeFile, readFileRange, takeFileRange } from "./large-files.ts";
import { listHomeFiles } from "./list-home-files.ts";
import { readFileBytes } from "./read-home-file.ts";
import { removeHomeFile } from "./remove-home-file.ts";
import { writeHomeFile } from "./write-home-file.ts";

const as = { kind: "main", isPerson: true } as const;
const by = "owner";
const path = "films/long.bin";
const atOnce = { quietMs: 0, everyMs: 0 };
const large = (mark: string, bytes = 1_200_000) => mark.repeat(bytes);
const minute = 60_000;

/** As an editor does, and seen by a scan: one that comes at once leaves it to the next. */
async function write(home: TestMemory, text: string, to = path): Promise<void> {
  await home.writeOutside(to, text);
  await until("a scan has seen it", async () => {
    await scanHome(home.memory);
    return (await readRecord(home.kernel.database, to))?.stamp === stampNow(join(home.homeDir, to));
  });
}

/** That, and kept. */
async function edit(home: TestMemory, text: string, to = path): Promise<void> {
  await write(home, text, to);
  assert.deepEqual(await keepLargeFiles(home.memory, atOnce), { keptCount: 1, isRefused: false });
}

async function versionsOf({ memory }: TestMemory, of = path): Promise<string[]> {
  const { versions } = await listFileVersions(memory, of, { as });
  return versions.map(({ sha256, dropped }) => `${sha256}${dropped === undefined ? "" : ` ${dropped.limit}`}`);
}

async function noticesOf(home: TestMemory): Promise<string[]> {
  return (await home.events("notices", ["notice.raised"])).map(({ data }) => String(data["text"]));
}

/** The same memory over a store that does something else. */
function withStore(memory: Memory, changes: Partial<Memory["versions"]>): Memory {
  const { versions } = memory;
  const given: Record<string | symbol, unknown> = changes;
  const other = new Proxy(versions, {
    get: (all, name) => given[name] ?? (Reflect.get(all, name) as (...args: unknown[]) => unknown).bind(all),
  });
  return { ...memory, versions: other, keeping: new Map() };
}

test("keepLargeFiles() puts what a large file is into the store and then into the log, and nothing twice", async () => {
  await using home = await createTestMemory();
  const [first, second] = [large("a"), large("b")];
  await edit(home, first);
  assert.deepEqual(await keepLargeFiles(home.memory, atOnce), { keptCount: 0, isRefused: false });
  await edit(home, second);
  const kept = (await home.events("home", ["file.kept"])).map(({ data }) => data);
  assert.deepEqual(kept, [
    { path, sha256: hashOf(first), bytes: first.length },
    { path, sha256: hashOf(second), previousSha256: hashOf(first), bytes: second.length },
  ]);
  for (const text of [first, second])
    assert.equal(String(Buffer.from((await home.memory.versions.get(hashOf(text)))!)), text);
  assert.deepEqual(await versionsOf(home), [hashOf(second), hashOf(first)]);
  // Touched: the same. Back to what it was: known, and not put again.
  await edit(home, second);
  let putCount = 0;
  const put = async (...given: Parameters<Memory["versions"]["put"]>) => {
    putCount += 1;
    return await home.memory.versions.put(...given);
  };
  await write(home, first);
  await keepLargeFiles(withStore(home.memory, { put }), atOnce);
  assert.equal(putCount, 0);
  assert.equal((await home.events("home", ["file.kept"])).length, 3);
  assert.equal((await listFileVersions(home.memory, path, { as })).present, hashOf(first));
});

test("keepLargeFiles() leaves a file that changed a moment ago, or has a version of a moment ago, to a later look", async () => {
  await using home = await createTestMemory();
  await write(home, large("a"));
  assert.equal((await keepLargeFiles(home.memory)).keptCount, 0);
  await home.test.clock.advance(minute);
  assert.equal((await keepLargeFiles(home.memory)).keptCount, 1);
  await write(home, large("b"));
  await home.test.clock.advance(minute);
  assert.equal((await keepLargeFiles(home.memory)).keptCount, 0);
  await home.test.clock.advance(5 * minute);
  const loop = createLargeFileLoop(home.memory)!;
  await loop.look();
  assert.equal((await versionsOf(home)).length, 2);
});

test("restoreFileVersion() brings back versions of any size, and what stood there is a version then", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  const small = "short\n";
  await edit(home, large("a"));
  await edit(home, large("b"));
  await home.writeOutside(path, small);
  await scanHome(memory);
  // An edit that no scan has seen.
  await home.writeOutside(path, "shorter\n");
  const restore = (text: string, to?: string) => restoreFileVersion(memory, { path, sha256: hashOf(text), to, as, by });
  // What a restore left that was killed two days ago.
  const incoming = join(home.homeDir, ".roost/incoming");
  await mkdir(incoming, { recursive: true });
  await writeFile(join(incoming, "left"), "half of it");
  const then = new Date(Date.now() - 48 * 60 * minute);
  await utimes(join(incoming, "left"), then, then);
  await assert.rejects(
    restoreFileVersion(memory, { path, sha256: hashOf(large("a")), as, by, reserveBytes: Number.MAX_SAFE_INTEGER }),
    { code: "limit_exceeded", message: /^the disk is full/ },
  );
  assert.equal(await home.read(path), "shorter\n");
  await restore(large("a"));
  assert.equal(await home.read(path), large("a"));
  await home.writeOutside(path, large("c"));
  await restore(small);
  assert.equal(await home.read(path), small);
  await restore(large("b"), "films/beside.bin");
  assert.equal(await home.read("films/beside.bin"), large("b"));
  await scanHome(memory);
  const versions = await versionsOf(home);
  for (const text of [large("a"), large("b"), large("c"), small, "shorter\n"])
    assert.ok(versions.includes(hashOf(text)), text.slice(0, 8));
  const { present, versions: listed } = await listFileVersions(memory, path, { as });
  assert.equal(present, hashOf(small));
  const byOf = (text: string) => listed.find(({ sha256 }) => sha256 === hashOf(text))?.by;
  assert.deepEqual([byOf(small), byOf("shorter\n")], [by, undefined]);
  const written = await writeHomeFile(memory, { path: "notes/a.md", text: "one\n", expected: "absent", as, by });
  assert.equal(written.state, "written");
  await assert.rejects(restore("one\n"), { code: "not_found", message: /is no version of films/ });
  assert.deepEqual(await readdir(incoming), []);
  assert.deepEqual((await readdir(join(home.homeDir, "films"))).toSorted(), ["beside.bin", "long.bin"]);
});

test("Nothing replaces or removes a file that has grown too large to be a version", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  await edit(home, large("a"));
  const absolute = join(home.homeDir, path);
  await truncate(absolute, largeFileBytesMax + 1);
  const expected = hashOf(large("a"));
  const refused = { code: "limit_exceeded", message: /above 2147483648 a file has no versions: move it away first/ };
  await assert.rejects(restoreFileVersion(memory, { path, sha256: hashOf(large("a")), as, by }), refused);
  await assert.rejects(removeHomeFile(memory, { path, expected, as, by }), refused);
  const content = Buffer.from("as a host has it");
  const range = { path, sha256: hashOf(content), bytes: content.length, from: 0, content, expected, as, by };
  await assert.rejects(takeFileRange(memory, range), refused);
  assert.equal((await stat(absolute)).size, largeFileBytesMax + 1);
});

test("A file that has grown too large to be a version is no longer said to be none", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  await write(home, large("a"));
  const put = async () => {
    throw new RoostError("unavailable", "the bucket is away");
  };
  await keepLargeFiles(withStore(memory, { put }), atOnce);
  await scanHome(memory);
  assert.equal((await listFileProblems(home.test.database)).length, 1);
  await truncate(join(home.homeDir, path), largeFileBytesMax + 1);
  await until("a scan has seen that", async () => {
    await scanHome(memory);
    return (await listFileProblems(home.test.database)).length === 0;
  });
});

test("listFileVersions() reads no large file for what is present, and lists versions whatever stands there now", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  await edit(home, large("a"));
  const fileHashes = new Proxy(memory.fileHashes, { get: () => assert.fail("it is read") });
  const list = () => listFileVersions({ ...memory, fileHashes }, path, { as });
  assert.equal((await list()).present, hashOf(large("a")));
  await home.writeOutside(path, large("b"));
  assert.equal((await list()).present, undefined, "no scan has seen it");
  await rm(join(home.homeDir, path));
  await mkdir(join(home.homeDir, path));
  const { versions, present } = await list();
  assert.deepEqual([versions.map(({ sha256 }) => sha256), present], [[hashOf(large("a"))], undefined]);
});

test("removeHomeFile() of a large file leaves its versions, of what no look has kept as well", async () => {
  await using home = await createTestMemory();
  await edit(home, large("a"));
  await home.writeOutside(path, large("b"));
  const removed = await removeHomeFile(home.memory, { path, expected: hashOf(large("b")), as, by });
  assert.deepEqual(removed, { state: "removed" });
  await assert.rejects(home.read(path), { code: "ENOENT" });
  assert.deepEqual(await versionsOf(home), [hashOf(large("b")), hashOf(large("a"))]);
  await restoreFileVersion(home.memory, { path, sha256: hashOf(large("b")), as, by });
  assert.equal(await home.read(path), large("b"));
});

for (const [title, error, reason] of [
  ["a bucket that refuses", new RoostError("unavailable", "the bucket does not take it"), /does not take it/],
  ["a disk that is full", Object.assign(new Error("no"), { code: "ENOSPC", syscall: "write" }), /the disk is full/],
] as const) {
  test(`keepLargeFiles() over ${title} records nothing, and tells the person once, and of the end of it`, async () => {
    await using home = await createTestMemory();
    await edit(home, large("a"));
    let putCount = 0;
    const put = async () => {
      putCount += 1;
      throw error;
    };
    const refusing = withStore(home.memory, { put });
    for (const name of ["films/1.bin", "films/2.bin"]) await write(home, large("b"), name);
    await write(home, large("c"));
    for (let round = 0; round < 3; round += 1) {
      await scanHome(home.memory);
      assert.deepEqual(await keepLargeFiles(refusing, atOnce), { keptCount: 0, isRefused: true });
    }
    assert.equal(putCount, 3, "one of the three files is tried");
    await scanHome(home.memory);
    const told = await noticesOf(home);
    assert.equal(told.length, 1, told.join("\n"));
    assert.match(told[0]!, /^films\/1\.bin is not kept as a version: what it is now is on this disk alone/);
    assert.match(told[0]!, reason);
    assert.equal(await home.read(path), large("c"));
    assert.deepEqual(await versionsOf(home), [hashOf(large("a"))]);
    // Nothing that is no version goes.
    const removal = { path, expected: hashOf(large("c")), as, by };
    await assert.rejects(removeHomeFile(refusing, removal), {
      code: "conflict",
      message: /until its present content is/,
    });
    await assert.rejects(restoreFileVersion(refusing, { path, sha256: hashOf(large("a")), as, by }), {
      code: "conflict",
    });
    assert.equal(await home.read(path), large("c"));
    assert.equal((await keepLargeFiles(home.memory, atOnce)).keptCount, 3);
    await scanHome(home.memory);
    assert.deepEqual(await listFileProblems(home.test.database), []);
    assert.match((await noticesOf(home)).at(-1)!, /is over/);
  });
}

test("keepLargeFiles() goes on behind a file that cannot be read, and tries one that the store refused after the others", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  const names = ["films/1.bin", "films/2.bin", "films/3.bin"];
  for (const name of names) await write(home, large(name.slice(-5)), name);
  const first = hashOf(large("1.bin"));
  const absolute = join(home.homeDir, "films/1.bin");
  const unreadable: Memory["versions"]["put"] = async (content, expected) => {
    if (expected?.sha256 === first) {
      await rm(absolute);
      await mkdir(absolute);
    }
    return await memory.versions.put(content, expected);
  };
  const kept = await keepLargeFiles(withStore(memory, { put: unreadable }), atOnce);
  assert.deepEqual(kept, { keptCount: 2, isRefused: false });
  const problem = await readRecord(home.kernel.database, "films/1.bin");
  assert.equal(problem?.unkeptReason, "it is a folder, not a file");
  await rm(absolute, { recursive: true });
  for (const name of names) await write(home, `${large(name.slice(-5))}more`, name);
  const refused: Memory["versions"]["put"] = async (content, expected) => {
    if (expected?.sha256 === hashOf(`${large("1.bin")}more`))
      throw new RoostError("limit_exceeded", "the disk is full");
    return await memory.versions.put(content, expected);
  };
  const store = withStore(memory, { put: refused });
  // What was tried in vain before is behind.
  assert.deepEqual(await keepLargeFiles(store, atOnce), { keptCount: 2, isRefused: true });
  for (const name of names.slice(1)) await write(home, `${large(name.slice(-5))}most`, name);
  assert.deepEqual(await keepLargeFiles(store, atOnce), { keptCount: 2, isRefused: true });
});

test("keepLargeFiles() puts so much in one look, and stops between two pieces", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  for (const name of ["films/1.bin", "films/2.bin"]) await write(home, large(name.slice(-5)), name);
  const controller = new AbortController();
  const put: Memory["versions"]["put"] = async (...given) => {
    controller.abort();
    return await memory.versions.put(...given);
  };
  const stopped = await keepLargeFiles(withStore(memory, { put }), { ...atOnce, signal: controller.signal });
  assert.deepEqual(stopped, { keptCount: 0, isRefused: false, isMore: true });
  await scanHome(memory);
  assert.deepEqual(await listFileProblems(home.test.database), []);
  const bounded = { ...atOnce, bytesMax: 1_000_000 };
  assert.deepEqual(await keepLargeFiles(memory, bounded), { keptCount: 1, isRefused: false, isMore: true });
  assert.deepEqual(await keepLargeFiles(memory, bounded), { keptCount: 1, isRefused: false });
});

test("keepLargeFiles() makes no version of a file that changes while it is put", async () => {
  await using home = await createTestMemory();
  const absolute = join(home.homeDir, path);
  await write(home, large("a"));
  const changing: Memory["versions"]["put"] = async (content, expected) => {
    await writeFile(absolute, large("b"));
    return await home.memory.versions.put(content, expected);
  };
  const { keptCount } = await keepLargeFiles(withStore(home.memory, { put: changing }), atOnce);
  assert.equal(keptCount, 0);
  assert.deepEqual(await versionsOf(home), []);
  assert.deepEqual((await home.memory.versions.list()).objects, []);
  await edit(home, large("b"));
  assert.deepEqual(await versionsOf(home), [hashOf(large("b"))]);
});

test("dropLargeVersions() keeps so many and so much of what files were, never what they are, and says what went", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  const names = ["a", "b", "c", "d", "e"];
  for (const name of names) {
    await home.test.clock.advance(minute);
    await edit(home, large(name));
  }
  // Another file has what this one had.
  await edit(home, large("a"), "films/copy.bin");
  assert.equal(await dropLargeVersions(memory, { count: 2, bytes: Infinity }), 2);
  const hash = (name: string) => hashOf(large(name));
  const expected = [hash("e"), hash("d"), hash("c"), `${hash("b")} count`, `${hash("a")} count`];
  assert.deepEqual(await versionsOf(home), expected);
  assert.deepEqual(
    (await home.events("home", ["file.dropped"])).map(({ data }) => [data["sha256"], data["limit"]]).toSorted(),
    [
      [hash("a"), "count"],
      [hash("b"), "count"],
    ].toSorted(),
  );
  assert.equal(await memory.versions.has(hash("b")), false);
  assert.equal(await memory.versions.has(hash("a")), true, "the copy has it");
  await assert.rejects(restoreFileVersion(memory, { path, sha256: hash("b"), as, by }), {
    code: "not_found",
    message: /was removed \(retention\.largeFiles/,
  });
  assert.equal(await dropLargeVersions(memory, { count: 9, bytes: 1_500_000 }), 1);
  assert.equal(await memory.versions.has(hash("c")), false);
  assert.equal(await dropLargeVersions(memory, { count: 1, bytes: 0 }), 1);
  assert.deepEqual((await versionsOf(home))[0], hash("e"), "what the file is");
  // Of a file whose present content is no version yet, the newest one stays.
  await write(home, large("f"));
  assert.equal(await dropLargeVersions(memory, { count: 1, bytes: 0 }), 0);
  // What was dropped is kept again when the file has it again.
  await edit(home, large("b"));
  assert.equal(await memory.versions.has(hash("b")), true);
  assert.equal((await versionsOf(home))[0], hash("b"));
  await rm(join(home.homeDir, path));
  await scanHome(memory);
  assert.equal(await dropLargeVersions(memory, { count: 1, bytes: Infinity }), 1, "of a file that is gone too");
  assert.equal(await memory.versions.has(hash("b")), true);
});

test("dropLargeVersions() deletes what a process left that died before it recorded a version, and nothing that is put now", async () => {
  await using home = await createTestMemory();
  const { memory, kernel } = home;
  const [left, going] = ["left", "going"].map((mark) => large(mark, 400_000));
  for (const text of [left!, going!]) {
    const version = { path: `${text.slice(0, 4)}.bin`, sha256: hashOf(text), bytes: text.length };
    const announced = await announceVersion(kernel, { ...version, attempt: kernel.createId() });
    assert.deepEqual(announced, { state: "storing", isThere: false });
    await memory.versions.put(Buffer.from(text), version);
    if (text === left) await home.test.clock.advance(11 * minute);
  }
  await dropLargeVersions(memory);
  assert.equal(await memory.versions.has(hashOf(left!)), false);
  assert.equal(await memory.versions.has(hashOf(going!)), true);
});

test("dropLargeVersions() waits for the store with no lock held, and what it deletes is not put meanwhile", async () => {
  await using home = await createTestMemory();
  const { memory, kernel } = home;
  await edit(home, large("a"));
  await edit(home, large("b"));
  const version = { path: "films/other.bin", sha256: hashOf(large("a")), bytes: large("a").length };
  const announce = async () => await announceVersion(kernel, { ...version, attempt: kernel.createId() });
  const during: unknown[] = [];
  const remove = async (sha256: string) => {
    during.push(await announce());
    return await memory.versions.delete(sha256);
  };
  assert.equal(await dropLargeVersions(withStore(memory, { delete: remove }), { count: 0, bytes: 0 }), 1);
  assert.deepEqual(during, [{ state: "busy" }]);
  assert.deepEqual(await versionsOf(home), [hashOf(large("b")), `${hashOf(large("a"))} count`]);
  assert.deepEqual(await announce(), { state: "storing", isThere: false });
  // One that fails may be done later: nothing else is done with the object for ten minutes.
  await edit(home, large("c"));
  const failing = async () => {
    throw new RoostError("unavailable", "the bucket is away");
  };
  await assert.rejects(dropLargeVersions(withStore(memory, { delete: failing }), { count: 0, bytes: 0 }), {
    code: "unavailable",
  });
  const gone = { path: "films/other.bin", sha256: hashOf(large("b")), bytes: large("b").length };
  assert.deepEqual(await announceVersion(kernel, { ...gone, attempt: kernel.createId() }), { state: "busy" });
  await dropLargeVersions(memory);
  assert.equal(await memory.versions.has(gone.sha256), true);
  await home.test.clock.advance(11 * minute);
  await dropLargeVersions(memory);
  assert.equal(await memory.versions.has(gone.sha256), false);
});

test("dropLargeVersions() deletes what a put left that failed after it was done", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  await write(home, large("a"));
  const put: Memory["versions"]["put"] = async (...given) => {
    await memory.versions.put(...given);
    throw new RoostError("unavailable", "its answer was lost");
  };
  assert.equal((await keepLargeFiles(withStore(memory, { put }), atOnce)).isRefused, true);
  assert.equal(await memory.versions.has(hashOf(large("a"))), true);
  await dropLargeVersions(memory);
  assert.equal(await memory.versions.has(hashOf(large("a"))), false);
  assert.deepEqual(await versionsOf(home), []);
  assert.equal((await keepLargeFiles(memory, atOnce)).keptCount, 1);
  await dropLargeVersions(memory);
  assert.equal(await memory.versions.has(hashOf(large("a"))), true);
});

test("dropLargeVersions() does not take what was replaced a moment ago for the oldest", async () => {
  await using home = await createTestMemory();
  const { memory } = home;
  await edit(home, large("a"));
  for (const text of ["b", "c"]) {
    await home.test.clock.advance(10 * minute);
    await edit(home, large(text), "films/other.bin");
  }
  await home.test.clock.advance(10 * minute);
  const content = Buffer.from(large("d"));
  const expected = hashOf(large("a"));
  const range = { path, sha256: hashOf(content), bytes: content.length, from: 0, content, expected, as, by };
  assert.equal((await takeFileRange(memory, range)).state, "written");
  assert.equal((await keepLargeFiles(memory, { quietMs: 0 })).keptCount, 1, "what came is not paced by it");
  assert.equal(await dropLargeVersions(memory, { count: 5, bytes: 1_500_000 }), 1);
  assert.deepEqual(await versionsOf(home), [hashOf(content), expected]);
  assert.deepEqual(await versionsOf(home, "films/other.bin"), [hashOf(large("c")), `${hashOf(large("b"))} bytes`]);
});

test("announceVersion() leaves an object to who is putting it, for whatever file, until that one is silent for long", async () => {
  await using home = await createTestMemory();
  const { kernel } = home;
  const announce = async (name: string) =>
    await announceVersion(kernel, { path: name, sha256: hashOf("a"), bytes: 1, attempt: kernel.createId() });
  assert.deepEqual(await announce("1.bin"), { state: "storing", isThere: false });
  assert.deepEqual(await announce("2.bin"), { state: "busy" });
  await home.test.clock.advance(3 * minute);
  assert.deepEqual(await announce("2.bin"), { state: "storing", isThere: false });
});

test("A large file of a home whose disk is elsewhere is read and listed as its newest version has it", async (t) => {
  await using home = await createTestMemory();
  const text = `${"\0".repeat(1_300_000)}end`;
  const elsewhere = await openMirrored(home);
  t.after(() => elsewhere[Symbol.asyncDispose]());
  await write(home, text);
  const onDiskAlone = { code: "unavailable", details: { needs: "home" } };
  await assert.rejects(hashHomeFile(elsewhere, path, { as }), onDiskAlone);
  await assert.rejects(readFileBytes(elsewhere, path, { as }), onDiskAlone);
  assert.deepEqual(await keepLargeFiles(home.memory, atOnce), { keptCount: 1, isRefused: false });
  const listed = await listHomeFiles(elsewhere, { as });
  assert.deepEqual(
    listed.filter((file) => file.path === path).map(({ bytes }) => bytes),
    [text.length],
  );
  assert.equal((await hashHomeFile(elsewhere, path, { as })).sha256, hashOf(text));
  const range = await readFileRange(elsewhere, { path, sha256: hashOf(text), from: 1_300_001, as });
  assert.equal(String(Buffer.from(range)), "nd");
  assert.equal((await readFileBytes(elsewhere, path, { as })).bytes.length, text.length);
  await assert.rejects(readFile(join(elsewhere.homeDir, path)), { code: "ENOENT" });
});

async function openMirrored(home: TestMemory): Promise<Memory> {
  const kernel = await home.test.openAnother();
  return await openMemory({
    kernel,
    homeDir: home.homeDir,
    isMirrored: true,
    migrate: false,
    logger: home.memory.logger,
  });
}
