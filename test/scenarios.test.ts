/** docs/scenarios.md and the tests named after its scenarios say the same. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const table = "docs/scenarios.md";

/** Scenario → files with a test of that name, sorted. */
type Tests = Record<string, string[]>;

function listed(): Tests {
  const rows = readFileSync(`${root}${table}`, "utf8").matchAll(/^\| ([A-Z]\d?) \|.*\|(.*)\|$/gm);
  return Object.fromEntries(
    [...rows].map(([, scenario = "", files = ""]) => [
      scenario,
      [...files.matchAll(/\]\(([^)]+)\)/g)].map(([, link = ""]) => posix.join("docs", link)).toSorted(),
    ]),
  );
}

function named(): Tests {
  const found: Tests = {};
  for (const pattern of ["test/**/*.ts", "packages/*/src/**/*.test.ts", "apps/*/src/**/*.test.ts"]) {
    for (const path of globSync(pattern, { cwd: root })) {
      const titles = readFileSync(`${root}${path}`, "utf8").matchAll(/^\s*test\(\s*["'`]([A-Z]\d?): /gm);
      for (const scenario of new Set([...titles].map(([, name = ""]) => name))) (found[scenario] ??= []).push(path);
    }
  }
  return Object.fromEntries(
    Object.entries(found)
      .toSorted()
      .map(([scenario, paths]) => [scenario, paths.toSorted()]),
  );
}

/** A to Z, and L2. */
const all = ["L2", ..."A B C D E F G H I J K L M N O P Q R S T U V W X Y Z".split(" ")].toSorted();

test("docs/scenarios.md lists each scenario with the files of its tests", () => {
  assert.deepEqual(Object.fromEntries(Object.entries(listed()).toSorted()), named());
  assert.deepEqual(Object.keys(listed()).toSorted(), all);
});
