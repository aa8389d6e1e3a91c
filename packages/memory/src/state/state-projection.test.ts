import assert from "node:assert/strict";
import { readdir, rm, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { replayProjection } from "@roost/kernel";
import { scanHome } from "../scan/scan-home.ts";
import { createTestMemory, type TestMemory } from "../testing/create-test-memory.ts";
import { changeState, setState } from "./set-state.ts";
import { stateProjection } from "./state-projection.ts";

const by = "ann";
const names = ["edited", "email", "fought", "gone", "old"];

/** A home with a state of every kind: written, edited outside, deleted, fought over, and there before Roost. */
async function openHome(): Promise<TestMemory> {
  const home = await createTestMemory({ files: { "memory/old-state.json": '{"kept":  "as it was written"}' } });
  const { memory } = home;
  await setState(memory, { name: "email", value: { b: [1, { y: 1, x: null }], a: "ü" }, by });
  await setState(memory, { name: "email", patch: { a: "z" }, by });
  await setState(memory, { name: "edited", value: { n: 1 }, by });
  await home.writeOutside("memory/edited-state.json", '{ "n": 2 }\n\n');
  await setState(memory, { name: "gone", value: 1, by });
  await unlink(join(home.homeDir, "memory/gone-state.json"));
  await setState(memory, { name: "fought", value: { n: 1 }, by });
  await home.kernel.transact((tx) => changeState(tx, { name: "fought", value: { n: 2 }, by }));
  await home.writeOutside("memory/fought-state.json", '{"n":9}');
  await scanHome(memory);
  return home;
}

async function dump(home: TestMemory) {
  const files = (await readdir(join(home.homeDir, "memory"))).sort();
  return {
    rows: await home.test.database.query(
      "select name, version, value, text, sha256, updated_by, event_id, run_id from memory.state order by name",
    ),
    files: await Promise.all(files.map(async (name) => [name, await home.read(`memory/${name}`)])),
  };
}

test("stateProjection() dropped and replayed gives the same rows and the same bytes on the disk", async () => {
  await using home = await openHome();
  const projection = stateProjection(home.memory);
  const before = await dump(home);
  const checked = await replayProjection(home.kernel, projection, { isCheck: true });
  assert.deepEqual([checked.state, checked.isEqual, checked.difference], ["checked", true, undefined]);

  await home.test.database.query("truncate memory.state");
  await rm(join(home.homeDir, "memory"), { recursive: true });
  const replayed = await replayProjection(home.kernel, projection);
  assert.deepEqual([replayed.state, replayed.isEqual, replayed.sha256], ["switched", false, checked.sha256]);
  assert.deepEqual(await dump(home), before);
  assert.deepEqual(
    before.rows.map((row) => row["name"]),
    names,
  );
  assert.equal((await replayProjection(home.kernel, projection, { isCheck: true })).isEqual, true);
  assert.deepEqual((await scanHome(home.memory)).edited, [], "what was rebuilt is no edit");
});

test("stateProjection() names the file whose bytes are not what the log says, and a replay puts it right", async () => {
  await using home = await openHome();
  const projection = stateProjection(home.memory);
  const before = await dump(home);
  const path = join(home.homeDir, "memory/email-state.json");
  // Damage that no scan has seen yet; the rows are right.
  await rm(path);
  const missing = await replayProjection(home.kernel, projection, { isCheck: true });
  assert.deepEqual(
    [missing.isEqual, missing.difference?.where, missing.difference?.live],
    [false, "memory/email-state.json", null],
  );
  await writeFile(path, before.files.find(([name]) => name === "email-state.json")![1]!);
  await home.test.database.query("update memory.state set value = '{\"n\": 7}' where name = 'edited'");
  const { difference } = await replayProjection(home.kernel, projection);
  assert.equal(difference?.where, "memory.state (edited)");
  assert.deepEqual((difference.live as Record<string, unknown>)["value"], { n: 7 });
  assert.deepEqual((difference.log as Record<string, unknown>)["value"], { n: 2 });
  assert.deepEqual(await dump(home), before);
});
