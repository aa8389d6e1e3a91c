/** Copies of the home on a joined host, case by case. Random histories: copies.long.test.ts. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { delay } from "@roost/base";
import { fileRangeBytesMax, largeFileBytesMax } from "@roost/contract/operations";
import { readTopic } from "@roost/kernel";
import { lockCopy } from "../../apps/cli/src/copy/lock-copy.ts";
import { watchChanges } from "../../apps/cli/src/copy/watch-changes.ts";
import { replaceCopy, restoreAside } from "../../apps/cli/src/copy/replace-copy.ts";
import { sha256Of } from "../../apps/cli/src/copy/copy-state.ts";
import { runRoost } from "../../apps/cli/src/testing/run-roost.ts";
import { createTestGateway, testToken } from "../../apps/gateway/src/testing/create-test-gateway.ts";
import { contents, joinHost, openDirectory } from "./joined-host.ts";

test("Where two places changed the same line both versions are kept, and one notice shows the difference", async (t) => {
  await using gateway = await createTestGateway();
  const laptop = await joinHost(gateway, "laptop", await openDirectory(t), ["jobs:write"]);
  await gateway.client.writeFile({ path: "USER.md", text: "one\ntwo\nthree\nfour\n" });
  await laptop.sync();
  const read = (path: string) => readFile(join(laptop.homeDir, path), "utf8");
  const sha256 = sha256Of(Buffer.from(await read("USER.md")));
  await gateway.client.writeFile({ path: "USER.md", text: "ONE\ntwo\nthree\nfour\n", sha256 });
  await writeFile(join(laptop.homeDir, "USER.md"), "one\ntwo\nthree\nFOUR\n");
  assert.deepEqual((await laptop.sync())?.merged, ["USER.md"]);
  assert.equal(await read("USER.md"), "ONE\ntwo\nthree\nFOUR\n");

  const merged = sha256Of(Buffer.from(await read("USER.md")));
  await gateway.client.writeFile({ path: "USER.md", text: "ONE\nof the home\nthree\nFOUR\n", sha256: merged });
  await writeFile(join(laptop.homeDir, "USER.md"), "ONE\nof the laptop\nthree\nFOUR\n");
  // The answer to what keeps the host's version is lost: it is kept once.
  await laptop.sync(3);
  // The home is away before it is told: it is told by the next pass.
  await laptop.sync(Infinity, "reportDivergence");
  const { diverged } = (await laptop.sync())!;
  assert.equal(diverged[0]?.path, "USER.md");
  assert.equal(await read("USER.md"), "ONE\nof the home\nthree\nFOUR\n");
  assert.equal(await read(diverged[0].keptAs), "ONE\nof the laptop\nthree\nFOUR\n");
  const { events } = await readTopic(gateway.kernel.database, { topic: "notices", limit: 10 });
  const told = events.map(({ data }) => (data as { text: string }).text).filter((text) => text.startsWith("USER.md"));
  assert.equal(told.length, 1);
  assert.match(
    told[0]!,
    /changed on laptop and elsewhere[\s\S]*USER\.laptop-[0-9a-f]{8}\.md[\s\S]*- of the home\n\+ of the laptop/,
  );
  const { events: written } = await readTopic(gateway.kernel.database, { topic: "home", limit: 50 });
  assert.ok(
    written.some(({ data }) => (data as { by?: string }).by === "host:laptop"),
    "the log names the host",
  );
  // Beside a job stands no other one, which would be applied in its place.
  const job = (prompt: string) => `id: night\ntrigger: { kind: every, every: 1h }\nprompt: ${prompt}\n`;
  const path = "jobs/night.yaml";
  const first = await gateway.client.writeFile({ path, text: job("look") });
  await laptop.sync();
  await gateway.client.writeFile({ path, text: job("of the home"), sha256: first.sha256! });
  await writeFile(join(laptop.homeDir, path), job("of the laptop"));
  const beside = (await laptop.sync())!.diverged[0]!.keptAs;
  assert.match(beside, /^jobs\/night\.laptop-[0-9a-f]{8}\.yaml\.txt$/);
  assert.equal(await read(path), job("of the home"));
  // What a host may not write stays as it is, and nothing else waits for it.
  await writeFile(join(laptop.homeDir, "roost.yaml"), "workers: 3\n");
  await writeFile(join(laptop.homeDir, "notes.md"), "new\n");
  const { refused, brought } = (await laptop.sync())!;
  assert.deepEqual([refused.map(({ path }) => path), brought], [["roost.yaml"], ["notes.md"]]);
});

test("A file that is deleted in one place is deleted in the others, and an edit beside the removal stays and is told once", async (t) => {
  await using gateway = await createTestGateway();
  const laptop = await joinHost(gateway, "laptop", await openDirectory(t));
  const desk = await joinHost(gateway, "desk", await openDirectory(t));
  const picture = Buffer.from([0, 1, 2, 255]);
  await mkdir(join(laptop.homeDir, "notes"));
  for (const name of ["gone.md", "edited.md", "kept.md"])
    await writeFile(join(laptop.homeDir, "notes", name), `of ${name}\n`);
  await writeFile(join(laptop.homeDir, "notes/picture.png"), picture);
  await writeFile(join(laptop.homeDir, "notes/endless.bin"), "");
  await truncate(join(laptop.homeDir, "notes/endless.bin"), largeFileBytesMax + 1);
  const { brought, refused } = (await laptop.sync())!;
  assert.equal(brought.length, 4);
  // What the home cannot keep costs itself alone.
  assert.deepEqual(
    refused.map(({ path, reason }) => [path, /limit 2147483648/.test(reason)]),
    [["notes/endless.bin", true]],
  );
  await rm(join(laptop.homeDir, "notes/endless.bin"));
  await desk.sync();
  assert.deepEqual(await readFile(join(desk.homeDir, "notes/picture.png")), picture);

  await rm(join(laptop.homeDir, "notes/gone.md"));
  await rm(join(laptop.homeDir, "notes/edited.md"));
  await rm(join(desk.homeDir, "notes/kept.md"));
  await writeFile(join(desk.homeDir, "notes/edited.md"), "edited on the desk\n");
  // The answer to the removal is lost: it is made once.
  await laptop.sync(2);
  assert.deepEqual((await laptop.sync())!.deleted.length <= 2, true);
  const there = (await desk.sync())!;
  assert.deepEqual(
    [there.removed, there.deleted, there.kept],
    [["notes/gone.md"], ["notes/kept.md"], ["notes/edited.md"]],
  );
  await laptop.sync();
  for (const host of [laptop, desk]) {
    assert.deepEqual([...(await contents(host.homeDir)).keys()], ["notes/edited.md", "notes/picture.png"]);
    assert.equal(await readFile(join(host.homeDir, "notes/edited.md"), "utf8"), "edited on the desk\n");
  }
  const { events } = await readTopic(gateway.kernel.database, { topic: "notices", limit: 10 });
  const told = events.map(({ data }) => (data as { text: string }).text).filter((text) => text.startsWith("notes/"));
  assert.deepEqual(
    told.map((text) => text.split(",")[0]),
    ["notes/edited.md was deleted in one place and edited in another"],
  );
  const { events: home } = await readTopic(gateway.kernel.database, {
    topic: "home",
    limit: 50,
    types: ["file.edited"],
  });
  assert.deepEqual(
    home
      .filter(({ data }) => (data as { change: string }).change === "deleted")
      .map(({ data }) => (data as { by?: string }).by),
    ["host:laptop", "host:laptop", "host:desk"],
  );
});

test("A file that is too large to go whole goes both ways in ranges, on from where it was cut off, and an edit beside another is kept", async (t) => {
  await using gateway = await createTestGateway();
  const laptop = await joinHost(gateway, "laptop", await openDirectory(t));
  const desk = await joinHost(gateway, "desk", await openDirectory(t));
  const path = "films/long.bin";
  const there = join(gateway.homeDir, path);
  const large = (mark: string) => Buffer.concat([Buffer.alloc(2.5 * fileRangeBytesMax, mark), Buffer.from(mark)]);
  const read = async ({ homeDir }: { homeDir: string }) => (await readFile(join(homeDir, path))).toString("latin1");
  const write = async (homeDir: string, content: Buffer) => {
    await mkdir(join(homeDir, "films"), { recursive: true });
    await writeFile(join(homeDir, path), content);
  };
  await write(laptop.homeDir, large("a"));
  // The list, the hash and the first two of three parts; then the home is away.
  await laptop.sync(3);
  const staged = await readdir(join(gateway.homeDir, ".roost/incoming"));
  assert.deepEqual(staged, [sha256Of(large("a"))]);
  assert.deepEqual((await laptop.sync())?.brought, [path]);
  assert.deepEqual(await readdir(join(gateway.homeDir, ".roost/incoming")), []);
  assert.equal(await readFile(there, "latin1"), large("a").toString("latin1"));
  await desk.sync(3);
  const [part] = await readdir(join(desk.homeDir, ".roost/copy/parts"));
  assert.equal(part, sha256Of(large("a")));
  assert.deepEqual((await desk.sync())?.taken, [path]);
  assert.equal(await read(desk), large("a").toString("latin1"));
  assert.deepEqual(await readdir(join(desk.homeDir, ".roost/copy/parts")), []);
  assert.equal(Object.values((await laptop.sync())!).flat().length, 0);

  // Edited in two places: both versions stay, everywhere.
  await write(laptop.homeDir, large("b"));
  await write(gateway.homeDir, large("c"));
  const [{ keptAs } = { keptAs: "" }] = (await laptop.sync())!.diverged;
  assert.match(keptAs, /^films\/long\.laptop-[0-9a-f]{8}\.bin$/);
  await desk.sync();
  for (const { homeDir } of [gateway, laptop, desk]) {
    assert.equal(await readFile(join(homeDir, keptAs), "latin1"), large("b").toString("latin1"));
    assert.equal(await read({ homeDir }), large("c").toString("latin1"));
  }
});

test("A directory that was emptied deletes nothing at the home, and two passes at once are one", async (t) => {
  await using gateway = await createTestGateway();
  const laptop = await joinHost(gateway, "laptop", await openDirectory(t));
  for (let number = 1; number <= 6; number += 1)
    await gateway.client.writeFile({ path: `notes/${number}.md`, text: `${number}\n` });
  await laptop.sync();
  await rm(join(laptop.homeDir, "notes"), { recursive: true });
  await assert.rejects(laptop.sync(), { code: "conflict", message: /6 of 6 files are gone here.*--emptied/ });
  assert.equal((await gateway.client.listFiles({})).items.filter(({ path }) => path.startsWith("notes/")).length, 6);

  await using other = await createTestGateway();
  const desk = await joinHost(other, "desk", await openDirectory(t));
  await other.client.writeFile({ path: "USER.md", text: "me\n" });
  for (let number = 1; number <= 6; number += 1)
    await other.client.writeFile({ path: `notes/${number}.md`, text: `${number}\n` });
  await desk.sync();
  await rm(join(other.homeDir, "notes"), { recursive: true });
  await assert.rejects(desk.sync(), { code: "conflict", message: /6 of 7 files are gone at the home.*--emptied/ });
  assert.equal((await contents(desk.homeDir)).size, 7, "a home that lost its disk empties no copy");

  const held = await Promise.allSettled(Array.from({ length: 8 }, () => lockCopy(laptop.homeDir)));
  const taken = held.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  assert.equal(taken.length, 1, "one of many at once has it");
  await taken[0]![Symbol.asyncDispose]();
  // Of a process that was killed.
  await writeFile(join(laptop.homeDir, ".roost/copy/sync.pid"), "999999999");
  await using _next = await lockCopy(laptop.homeDir);
  assert.match(await readFile(join(laptop.homeDir, ".roost/copy/sync.pid"), "utf8"), new RegExp(`^${process.pid} `));
});

test("watchChanges() tells of what changes at the home and here, long before a poll would", async (t) => {
  await using gateway = await createTestGateway();
  const homeDir = await openDirectory(t);
  const stop = new AbortController();
  t.after(() => stop.abort());
  const context = { config: { homeDir }, connect: async () => ({ client: gateway.client }) };
  using changes = watchChanges(context, stop.signal);
  let isTold = false;
  const told = changes.next({ timeoutMs: 3_600_000, isHeard: true }).then(() => (isTold = true));
  // The stream takes a moment to open: what is written after that is told.
  for (let number = 0; !isTold; number += 1) {
    await gateway.client.writeFile({ path: `notes/${number}.md`, text: "one\n" });
    await Promise.race([told, delay(50)]);
  }
  const here = changes.next({ timeoutMs: 3_600_000, isHeard: true });
  await writeFile(join(homeDir, "mine.md"), "one\n");
  await here;
});

test("A directory with files joins only when that is meant", async (t) => {
  await using gateway = await createTestGateway();
  const home = await openDirectory(t);
  await writeFile(join(home, "diary.md"), "private\n");
  const { code } = await gateway.client.createPairing({ kind: "host", name: "laptop" });
  const environment = { ROOST_HOME: home, ROOST_URL: "", ROOST_TOKEN: "" };
  const refused = await runRoost(["join", gateway.url, "--code", code], { environment });
  assert.match(refused.stderr, /is not empty: \S*roost sync would bring .*\(diary\.md\).*--adopt/);
  assert.equal((await runRoost(["join", gateway.url, "--code", code, "--adopt"], { environment })).code, 0);
});

test("A host defines no job by its file unless it was invited with jobs:write", async (t) => {
  await using gateway = await createTestGateway();
  const laptop = await joinHost(gateway, "laptop", await openDirectory(t));
  await mkdir(join(laptop.homeDir, "jobs"));
  await writeFile(join(laptop.homeDir, "jobs/mine.yaml"), "id: mine\ntrigger: { kind: manual }\nprompt: send it all\n");
  await writeFile(join(laptop.homeDir, "notes.md"), "new\n");
  const { refused, brought } = (await laptop.sync())!;
  assert.deepEqual([refused.map(({ path }) => path), brought], [["jobs/mine.yaml"], ["notes.md"]]);
  assert.match(refused[0]!.reason, /defines a job, and host:laptop has no scope jobs:write/);
});

test("A link in the place of a file or a folder deletes nothing at the home", async (t) => {
  await using gateway = await createTestGateway();
  const laptop = await joinHost(gateway, "laptop", await openDirectory(t));
  for (const path of ["USER.md", "notes/one.md"]) await gateway.client.writeFile({ path, text: "kept\n" });
  await laptop.sync();
  const elsewhere = await openDirectory(t);
  for (const name of ["USER.md", "notes"]) {
    await rename(join(laptop.homeDir, name), join(elsewhere, name));
    await symlink(join(elsewhere, name), join(laptop.homeDir, name));
  }
  const { deleted, refused } = (await laptop.sync())!;
  assert.deepEqual(deleted, []);
  assert.deepEqual(refused, [
    { path: "USER.md", reason: "it is a link here" },
    { path: "notes/one.md", reason: "it is a link here" },
  ]);
  // What cannot be taken or brought for its name is named.
  await gateway.client.writeFile({ path: "plan.md", text: "of the home\n" });
  await mkdir(join(laptop.homeDir, "plan.md"));
  await writeFile(join(laptop.homeDir, "plan.md/.kept"), "of another program\n");
  await symlink("USER.md", join(gateway.homeDir, "linked.md"));
  await writeFile(join(laptop.homeDir, "linked.md"), "of the laptop\n");
  assert.deepEqual(
    (await laptop.sync())!.refused.map(({ path, reason }) => `${path}: ${/^[^,]*/.exec(reason)![0]}`),
    [
      "USER.md: it is a link here",
      "linked.md: something else has this name at the home",
      "notes/one.md: it is a link here",
      "plan.md: something else has this name here",
    ],
  );
});

test("replaceCopy() writes nothing outside the copy, whatever a home lists, and nothing through a link", async (t) => {
  const host = "laptop";
  const homeDir = join(await openDirectory(t), "copy");
  const outside = await openDirectory(t);
  await mkdir(homeDir);
  await symlink(outside, join(homeDir, "linked"));
  const content = Buffer.from("theirs\n");
  for (const path of ["../escaped.md", ".roost/token", "notes/../../escaped.md", "linked/plan.md", outside])
    await assert.rejects(
      replaceCopy(homeDir, { path, expected: undefined, content, host }),
      { code: /^(?:invalid_input|forbidden)$/ },
      path,
    );
  assert.deepEqual(await readdir(outside), []);
  assert.deepEqual(await readdir(join(homeDir, "..")), ["copy"]);
});

test("replaceCopy() leaves what an editor saved meanwhile, and what was set aside by a killed pass comes back", async (t) => {
  const homeDir = await openDirectory(t);
  const [path, host] = ["notes/plan.md", "laptop"];
  const content = Buffer.from("theirs\n");
  await mkdir(join(homeDir, "notes"));
  await writeFile(join(homeDir, path), "saved just now\n");
  const compared = sha256Of(Buffer.from("as it was compared\n"));
  assert.equal(await replaceCopy(homeDir, { path, expected: compared, content, host }), false);
  assert.equal(await replaceCopy(homeDir, { path, expected: undefined, content, host }), false);
  assert.equal(await readFile(join(homeDir, path), "utf8"), "saved just now\n");
  const aside = join(homeDir, ".roost/copy/aside/notes");
  await mkdir(aside, { recursive: true });
  await writeFile(join(aside, "plan.md"), "older\n");
  await writeFile(join(aside, "other.md"), "set aside\n");
  // A file has come in the place of its folder: that stops neither the others nor the pass.
  await mkdir(join(aside, "../folder"));
  await writeFile(join(aside, "../folder/deep.md"), "set aside\n");
  await writeFile(join(homeDir, "folder"), "a file\n");
  // What was not looked at yet when the pass was killed is an edit that nobody else has.
  await mkdir(join(aside, "../../taken/notes"), { recursive: true });
  await writeFile(join(aside, "../../taken/notes/plan.md"), "saved before\n");
  const [refused] = await restoreAside(homeDir, host);
  assert.equal(refused?.path, "folder/deep.md");
  assert.match(refused.reason, /\.roost\/copy\/aside\/folder\/deep\.md.*move/);
  assert.deepEqual(
    [...(await contents(homeDir))],
    [
      ["folder", "a file\n"],
      ["notes/other.md", "set aside\n"],
      [`notes/plan.laptop-${sha256Of(Buffer.from("saved before\n")).slice(0, 8)}.md`, "saved before\n"],
      ["notes/plan.md", "saved just now\n"],
    ],
  );
});

test("roost sync keeps the copy of a joined host, and a host of another minor version keeps what it has", async (t) => {
  await using gateway = await createTestGateway({ version: "0.1.7", files: { "SOUL.md": "calm\n" } });
  const home = await openDirectory(t);
  const environment = { ROOST_HOME: home, ROOST_URL: "", ROOST_TOKEN: "" };
  const roost = (...args: string[]) => runRoost(args, { environment });
  assert.match((await roost("sync")).stderr, /is no copy of a home: .*join makes one/);
  const { code } = await gateway.client.createPairing({ kind: "host", name: "laptop" });
  assert.equal((await roost("join", gateway.url, "--code", code)).code, 0);
  assert.match((await roost("sync")).stdout, /Files: \d+ taken/);
  assert.equal(await readFile(join(home, "SOUL.md"), "utf8"), "calm\n");
  await using newer = await createTestGateway({ version: "0.2.0" });
  const again = await newer.client.createPairing({ kind: "host", name: "laptop" });
  const other = await openDirectory(t);
  const there = { ROOST_HOME: other, ROOST_URL: "", ROOST_TOKEN: "" };
  assert.equal((await runRoost(["join", newer.url, "--code", again.code], { environment: there })).code, 0);
  await writeFile(join(other, "notes.md"), "an edit\n");
  const drained = await runRoost(["sync"], { environment: there });
  assert.match(drained.stderr, /the home has version 0\.2\.0 and this host 0\.1\.0: the copy stays as it is/);
  assert.deepEqual([...(await contents(other)).keys()], ["notes.md"]);
  assert.match(
    (await runRoost(["hosts"], { url: newer.url, environment: { ROOST_TOKEN: testToken } })).stdout,
    /it has version 0\.1\.0 and the home 0\.2\.0: upgrade it/,
  );
});
