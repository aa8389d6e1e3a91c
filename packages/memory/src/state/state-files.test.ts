import assert from "node:assert/strict";
import { readdir, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openLabels } from "@roost/contract/labels";
import type { JsonValue } from "@roost/base";
import { hashOf } from "../disk/read-disk-file.ts";
import { readHomeFile } from "../files/read-home-file.ts";
import { writeHomeFile } from "../files/write-home-file.ts";
import { scanHome } from "../scan/scan-home.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";
import { getState, listStates } from "./get-state.ts";
import { renderState } from "./parse-state.ts";
import { changeState, setState } from "./set-state.ts";
import { settleState } from "./settle-state.ts";

const by = "session:main";
const path = "memory/email-state.json";

async function stateEvents(home: TestMemory): Promise<[by: unknown, version: unknown, value: unknown][]> {
  const events = await home.events("home", ["state.changed"]);
  return events.map(({ data }) => [data["by"], data["stateVersion"], data["value"]]);
}

test("setState() puts the value into the log and then into its file", async () => {
  await using home = await createTestMemory();
  const first = await setState(home.memory, { name: "email", value: { unread: 3, from: "bank" }, by });
  assert.deepEqual(first, {
    state: "changed",
    version: 1,
    value: { unread: 3, from: "bank" },
    sha256: hashOf(renderState({ unread: 3, from: "bank" })),
    labels: { ...openLabels, audiences: ["job:email"] },
  });
  assert.equal(await home.read(path), '{\n  "from": "bank",\n  "unread": 3\n}\n');
  const second = await setState(home.memory, {
    name: "email",
    patch: { unread: 0, from: null },
    by,
    note: "read them",
  });
  assert.equal(second.version, 2);
  assert.equal(await home.read(path), '{\n  "unread": 0\n}\n');
  assert.deepEqual(await stateEvents(home), [
    [by, 1, { from: "bank", unread: 3 }],
    [by, 2, { unread: 0 }],
  ]);
  assert.deepEqual((await scanHome(home.memory)).edited, [], "what Roost wrote is no edit");
});

test("setState() refuses another version than the expected one and says which it is", async () => {
  await using home = await createTestMemory();
  await setState(home.memory, { name: "email", value: 1, by, expectedVersion: 0 });
  const conflict = await setState(home.memory, { name: "email", value: 2, by, expectedVersion: 0 });
  assert.deepEqual([conflict.state, conflict.version, conflict.value], ["conflict", 1, 1]);
  assert.equal((await setState(home.memory, { name: "email", value: 2, by, expectedVersion: 1 })).state, "changed");
});

test("setState() of the same value changes nothing but its age", async () => {
  await using home = await createTestMemory();
  await setState(home.memory, { name: "email", value: { unread: 0 }, by });
  await home.test.clock.advance(3_600_000);
  assert.ok((await getState(home.memory, "email"))!.ageMs >= 3_600_000);
  assert.equal((await setState(home.memory, { name: "email", patch: {}, by })).state, "unchanged");
  assert.ok((await getState(home.memory, "email"))!.ageMs < 60_000);
  assert.equal((await stateEvents(home)).length, 1);
});

test("setState() under one key happens once", async () => {
  await using home = await createTestMemory();
  const change = { name: "count", by, idempotencyKey: "run:3" };
  const first = await setState(home.memory, { ...change, value: 1 });
  await setState(home.memory, { name: "count", value: 5, by });
  assert.deepEqual(await setState(home.memory, { ...change, value: 1 }), first);
  assert.equal((await getState(home.memory, "count"))!.value, 5);
});

test("setState() by many at once loses no patch", async () => {
  await using home = await createTestMemory();
  const another = await home.openAnother();
  const names = Array.from({ length: 24 }, (_, index) => `field${index}`);
  await Promise.all(
    names.map((name, index) =>
      setState(index % 2 === 0 ? home.memory : another, { name: "shared", patch: { [name]: index }, by: name }),
    ),
  );
  const expected = Object.fromEntries(names.map((name, index) => [name, index]));
  assert.deepEqual((await getState(home.memory, "shared"))!.value, expected);
  assert.equal(await home.read("memory/shared-state.json"), renderState(expected));
  assert.equal((await getState(home.memory, "shared"))!.version, names.length);
});

test("setState() refuses names and values that no file could hold, and states of others", async () => {
  await using home = await createTestMemory();
  const set = (name: string, value: JsonValue, as?: { kind: "cron"; jobId: string; stateNames?: string[] }) =>
    setState(home.memory, { name, value, by, as });
  await assert.rejects(set("../x", 1), { code: "invalid_input" });
  await assert.rejects(set("a", "a\0b"), { code: "invalid_input", message: /not well-formed/ });
  await assert.rejects(set("a", "x".repeat(300_000)), { code: "limit_exceeded" });
  await assert.rejects(set("diary", 1, { kind: "cron", jobId: "blog" }), { code: "forbidden" });
  await assert.rejects(set("email", 1, { kind: "cron", jobId: "blog", stateNames: ["email"] }), { code: "forbidden" });
  await set("blog", 1, { kind: "cron", jobId: "blog" });
  await assert.rejects(set("Blog", 1), { code: "conflict", message: /only in case/ });
  await assert.rejects(setState(home.memory, { name: "a", by }), { code: "invalid_input" });
});

test("settleState() takes over an edit from outside as it stands, records it once, and keeps its form", async () => {
  await using home = await createTestMemory();
  await setState(home.memory, { name: "email", value: { unread: 3 }, by });
  const text = '{ "unread" : 4,\n\n"by hand": true }';
  await home.writeOutside(path, text);
  const another = await home.openAnother();
  await Promise.all([scanHome(home.memory), scanHome(another), getState(home.memory, "email")]);
  const state = await getState(home.memory, "email");
  assert.deepEqual([state?.value, state?.version, state?.updatedBy], [{ unread: 4, "by hand": true }, 2, "outside"]);
  assert.equal(await home.read(path), text);
  assert.deepEqual((await stateEvents(home)).at(-1), ["outside", 2, { "by hand": true, unread: 4 }]);
  assert.equal((await stateEvents(home)).length, 2);
  const [edit] = await home.events("home", ["file.edited"]);
  assert.equal(edit?.data["sha256"], hashOf(text));

  const patched = await setState(home.memory, { name: "email", patch: { unread: 5 }, by });
  assert.deepEqual(patched.value, { unread: 5, "by hand": true });
});

test("settleState() takes over a file that was there before Roost, one that is deleted, and one that comes back", async () => {
  await using home = await createTestMemory({
    files: { "memory/heartbeat-state.json": '{"lastChecks":{"email":1767225600}}' },
  });
  assert.deepEqual((await getState(home.memory, "heartbeat"))?.value, { lastChecks: { email: 1767225600 } });
  await unlink(join(home.homeDir, "memory/heartbeat-state.json"));
  await scanHome(home.memory);
  const gone = await getState(home.memory, "heartbeat");
  assert.deepEqual([gone?.value, gone?.version, gone?.sha256], [null, 2, null]);
  assert.deepEqual(await listStates(home.memory), []);
  await scanHome(home.memory);
  assert.deepEqual(await readdir(join(home.homeDir, "memory")), []);
  await home.writeOutside("memory/heartbeat-state.json", "[1]");
  await scanHome(home.memory);
  assert.deepEqual((await getState(home.memory, "heartbeat"))?.value, [1]);
});

test("settleState() writes what a process did not live to write, and says so where it did", async () => {
  await using home = await createTestMemory();
  await setState(home.memory, { name: "email", value: { n: 1 }, by });
  // Committed, and killed before the file: the file is a version behind.
  await home.kernel.transact((tx) => changeState(tx, { name: "email", value: { n: 2 }, by }));
  assert.equal(await home.read(path), renderState({ n: 1 }));
  await scanHome(home.memory);
  assert.equal(await home.read(path), renderState({ n: 2 }));
  // Written, and killed before the row says so.
  await home.test.database.query("update memory.state set disk_text = $1, disk_sha256 = $2", [
    renderState({ n: 1 }),
    hashOf(renderState({ n: 1 })),
  ]);
  await scanHome(home.memory);
  assert.deepEqual(
    (await stateEvents(home)).map(([who]) => who),
    [by, by],
  );
  assert.equal((await getState(home.memory, "email"))?.version, 2);
});

test("settleState() joins an edit from outside with a newer write when they touch different things", async () => {
  await using home = await createTestMemory();
  await setState(home.memory, { name: "email", value: { ours: 1, theirs: 1 }, by });
  await home.kernel.transact((tx) => changeState(tx, { name: "email", patch: { ours: 2 }, by }));
  await home.writeOutside(path, '{"ours":1,"theirs":2}');
  assert.equal(await settleState(home.memory, "email"), "settled");
  assert.deepEqual((await getState(home.memory, "email"))?.value, { ours: 2, theirs: 2 });
  assert.equal(await home.read(path), renderState({ ours: 2, theirs: 2 }));
  assert.equal((await home.events("notices")).length, 0);
});

test("settleState() keeps both sides of a conflict in the log, the acknowledged one in the file, and tells the person", async () => {
  await using home = await createTestMemory();
  await setState(home.memory, { name: "email", value: { unread: 1 }, by });
  await home.kernel.transact((tx) => changeState(tx, { name: "email", value: { unread: 2 }, by: "job:mail" }));
  await home.writeOutside(path, '{"unread":9}');
  await settleState(home.memory, "email");
  assert.equal(await home.read(path), renderState({ unread: 2 }));
  assert.deepEqual(await stateEvents(home), [
    [by, 1, { unread: 1 }],
    ["job:mail", 2, { unread: 2 }],
    ["outside", 3, { unread: 9 }],
    ["job:mail", 4, { unread: 2 }],
  ]);
  const [notice, ...more] = await home.events("notices", ["notice.raised"]);
  assert.match(
    String(notice?.data["text"]),
    /memory\/email-state\.json was edited outside while job:mail changed it; both changed unread/,
  );
  assert.deepEqual(more, []);
});

test("settleState() puts a file that is not valid aside, restores the last state and tells the person", async () => {
  await using home = await createTestMemory();
  await setState(home.memory, { name: "email", value: { unread: 1 }, by });
  await home.writeOutside(path, '{"unread": ');
  await scanHome(home.memory);
  assert.equal(await home.read(path), renderState({ unread: 1 }));
  const aside = (await readdir(join(home.homeDir, "memory"))).filter((name) => name.includes("invalid"));
  assert.equal(aside.length, 1);
  assert.equal(await home.read(`memory/${aside[0]}`), '{"unread": ');
  const notices = await home.events("notices", ["notice.raised"]);
  assert.match(
    String(notices[0]?.data["text"]),
    /cannot be read: it is not JSON.*kept in memory\/email-state\.json\.invalid-/,
  );
  assert.equal(notices.length, 1);
  await scanHome(home.memory);
  assert.equal((await home.events("notices")).length, 1);
  assert.equal((await stateEvents(home)).length, 1);
});

test("settleState() leaves a file that is being written alone until it is finished", async () => {
  await using home = await createTestMemory();
  await setState(home.memory, { name: "email", value: { unread: 1 }, by });
  await home.writeOutside(path, '{"unread": ');
  const now = new Date();
  await utimes(join(home.homeDir, path), now, now);
  assert.equal(await settleState(home.memory, "email"), "later");
  assert.equal(await home.read(path), '{"unread": ');
  assert.deepEqual((await getState(home.memory, "email"))?.value, { unread: 1 });
  await home.writeOutside(path, '{"unread": 2}');
  assert.equal(await settleState(home.memory, "email"), "settled");
  assert.deepEqual((await getState(home.memory, "email"))?.value, { unread: 2 });
});

test("settleState() of a new file that is not valid puts it aside too", async () => {
  await using home = await createTestMemory({ files: { "memory/new-state.json": "nonsense" } });
  assert.equal(await getState(home.memory, "new"), undefined);
  assert.equal(
    (await readdir(join(home.homeDir, "memory"))).filter((name) => name.startsWith("new-state.json.invalid-")).length,
    1,
  );
  assert.equal((await home.events("notices")).length, 1);
});

test("writeHomeFile() of a state file changes the state", async () => {
  await using home = await createTestMemory();
  const write = (text: string, expected: string) =>
    writeHomeFile(home.memory, { path, text, expected, as: { kind: "main" }, by });
  const first = await write('{"unread":1}', "absent");
  assert.equal(first.state, "written");
  const seen = await readHomeFile(home.memory, path, { as: { kind: "main" } });
  assert.equal(first.state === "written" && first.sha256, seen.sha256);
  assert.equal((await write('{"unread":2}', "absent")).state, "conflict");
  assert.equal((await write('{"unread":2}', seen.sha256)).state, "written");
  assert.deepEqual((await getState(home.memory, "email"))?.value, { unread: 2 });
  await assert.rejects(write("{", seen.sha256), { code: "invalid_input" });
});
