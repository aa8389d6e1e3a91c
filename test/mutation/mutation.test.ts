/**
 * A promise is worth as much as the test that goes red without it: each guard of the kernel is taken away alone, and is missed.
 * That these tests are green with the guard in place, they say themselves.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { after, before, describe, test } from "node:test";
import { openTestCluster, type TestCluster } from "@roost/database/testing";
import { mutants } from "./mutants.ts";
import { runChosenTests } from "./run-chosen-tests.ts";

let cluster: TestCluster | undefined;
let databaseUrl = process.env["ROOST_TEST_DATABASE_URL"] ?? "";

before(async () => {
  if (databaseUrl !== "") return;
  cluster = await openTestCluster();
  databaseUrl = cluster.url;
});
after(() => cluster?.[Symbol.asyncDispose]());

describe("mutation", { concurrency: availableParallelism() }, () => {
  for (const mutant of mutants) {
    test(`"${mutant.name}" taken away: ${mutant.tests} misses it`, async () => {
      const titles = [...mutant.kills, ...mutant.spares];
      const ran = await runChosenTests({ file: mutant.tests, titles, mutant: mutant.name, databaseUrl });
      assert.deepEqual(ran.failed, mutant.kills.toSorted(), ran.printed);
      assert.deepEqual(ran.passed, mutant.spares.toSorted(), ran.printed);
    });
  }
});

test("docs/chaos.md has a row for each mutant and the tests that miss its guard", async () => {
  const document = await readFile(new URL("../../docs/chaos.md", import.meta.url), "utf8");
  for (const { name, kills } of mutants) {
    const row = document.split("\n").find((line) => line.startsWith(`| ${name} |`));
    assert.ok(row, `docs/chaos.md has no row that begins with "| ${name} |"`);
    for (const title of kills) assert.ok(row.includes(title), `the row of "${name}" does not name the test "${title}"`);
  }
});
