import assert from "node:assert/strict";
import { test } from "node:test";
import { planProcesses, entryOf } from "./plan-processes.mjs";

const seconds = {
  "packages/a/1": 50,
  "packages/a/2": 20,
  "packages/a/3": 9,
  "packages/a/4": 2,
  "packages/b/1": 1,
  "packages/c/1": 3,
  "test/1": 40,
};
const secondsOf = (file) => seconds[file];

test("planProcesses() lets short files of one room share a process, and short rooms, and begins the longest first", () => {
  assert.deepEqual(planProcesses(Object.keys(seconds), { secondsOf, sharedSecondsMax: 30 }), [
    ["packages/a/1"],
    ["test/1"],
    ["packages/a/2", "packages/a/3"],
    ["packages/c/1", "packages/a/4", "packages/b/1"],
  ]);
});

test("planProcesses() takes what was never measured for short, but not for the shortest", () => {
  const files = ["packages/b/1", "packages/b/new", "test/1"];
  assert.deepEqual(planProcesses(files, { secondsOf, sharedSecondsMax: 30 }), [
    ["test/1"],
    ["packages/b/new", "packages/b/1"],
  ]);
});

test("entryOf() is a module that runs the files, and notes what each takes of the processor where it is told to", () => {
  const files = [{ file: "packages/a/1", url: "file:///packages/a/1" }];
  assert.match(
    entryOf(files),
    /^import \{ runFiles \} from "file:.*run-files\.mjs";\nrunFiles\(\[\{"file":"packages\/a\/1",.*\]\);\n$/,
  );
  assert.match(entryOf(files, "/run/processor.jsonl"), /\}\], "\/run\/processor\.jsonl"\);\n$/);
});
