import assert from "node:assert/strict";
import { test } from "node:test";
import { planProcesses, entryOf } from "./plan-processes.mjs";

const seconds = {
  "packages/a/1": 50,
  "packages/a/2": 20,
  "packages/a/3": 9,
  "packages/a/4": 2,
  "packages/b/1": 1,
  "test/1": 40,
};

test("planProcesses() lets short files of one room share a process and begins the longest first", () => {
  assert.deepEqual(planProcesses(Object.keys(seconds), { secondsOf: (file) => seconds[file], sharedSecondsMax: 30 }), [
    ["packages/a/1"],
    ["test/1"],
    ["packages/a/2", "packages/a/3"],
    ["packages/a/4"],
    ["packages/b/1"],
  ]);
});

test("planProcesses() gives what was never measured a process of its own, before all others", () => {
  const files = ["packages/b/1", "packages/b/new", "packages/b/2"];
  const secondsOf = (file) => ({ ...seconds, "packages/b/2": 1 })[file];
  const planned = planProcesses(files, { secondsOf, sharedSecondsMax: 30 });
  assert.deepEqual(planned, [["packages/b/new"], ["packages/b/1", "packages/b/2"]]);
});

test("entryOf() makes each file a suite", () => {
  assert.equal(
    entryOf([{ file: "packages/a/1", url: "file:///packages/a/1" }]),
    'import { describe } from "node:test";\ndescribe("packages/a/1", () => import("file:///packages/a/1"));\n',
  );
});
