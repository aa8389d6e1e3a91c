/**
 * A promise is worth as much as the test that goes red without it: each guard is taken away alone, and its tests notice. That these tests are green with
 * the guard in place, they say themselves.
 */
import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { after, before, describe, test } from "node:test";
import { openTestCluster, type TestCluster } from "@roost/database/testing";
import type { Mutant } from "./mutant.ts";
import { runChosenTests } from "./run-chosen-tests.ts";

/** Defines a test for each of the mutants. */
export function takeAwayGuards(mutants: readonly Mutant[]): void {
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
      test(`"${mutant.name}" taken away: ${mutant.tests} notices`, async () => {
        const titles = [...mutant.kills, ...mutant.spares];
        const ran = await runChosenTests({ file: mutant.tests, titles, mutant: mutant.name, databaseUrl });
        assert.deepEqual(ran.failed, mutant.kills.toSorted(), ran.printed);
        assert.deepEqual(ran.passed, mutant.spares.toSorted(), ran.printed);
      });
    }
  });
}
