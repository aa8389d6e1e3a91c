import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { runRoost } from "../testing/start-roost.ts";

test("describeProgram() is what docs/cli.md says", async () => {
  const written = await readFile(new URL("../../../../docs/cli.md", import.meta.url), "utf8");
  const { stdout } = await runRoost(["help", "--markdown"]);
  assert.equal(written, stdout, "the commands have changed: npm run --silent roost -- help --markdown > docs/cli.md");
  for (const heading of ["# roost lock", "# roost jobs apply", "## Exit codes"])
    assert.ok(stdout.includes(heading), heading);
});
