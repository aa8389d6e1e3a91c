import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { createTemporaryHome } from "../testing/temporary-home.ts";
import { prepareMachinery } from "./create-home.ts";
import { openOwnerRecord, readOwner, type HomeOwner } from "./owner.ts";

const first: HomeOwner = {
  pid: 1,
  identity: "1-a",
  startedAt: "2026-01-02T03:04:05.006Z",
  state: "starting",
  children: [],
};
const fail = (error: unknown) => assert.fail(String(error));

test("openOwnerRecord() writes each change in order and removes the record in the end", async () => {
  await using paths = await createTemporaryHome();
  await prepareMachinery(paths);
  {
    await using owner = openOwnerRecord(paths.owner, first, fail);
    owner.update({ state: "running", url: "http://127.0.0.1:1" });
    owner.update({ children: [{ name: "gateway", identity: "2-b" }] });
    owner.update({ state: "stopping" });
    await owner.written();
    assert.deepEqual(await readOwner(paths.owner), {
      ...first,
      state: "stopping",
      url: "http://127.0.0.1:1",
      children: [{ name: "gateway", identity: "2-b" }],
    });
  }
  assert.equal(existsSync(paths.owner), false);
});

test("readOwner() finds no owner in a record that is missing, torn or foreign", async () => {
  await using paths = await createTemporaryHome();
  await prepareMachinery(paths);
  assert.equal(await readOwner(paths.owner), undefined);
  for (const text of ["", '{"pid": 1', "[]", "null", '{"pid": "1"}']) {
    await writeFile(paths.owner, text);
    assert.equal(await readOwner(paths.owner), undefined, text);
  }
});
