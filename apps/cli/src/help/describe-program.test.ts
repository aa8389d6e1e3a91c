import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { commandNames } from "@roost/contract";
import { runRoost } from "../testing/run-roost.ts";

test("describeProgram() is what docs/cli.md says", async () => {
  const written = await readFile(new URL("../../../../docs/cli.md", import.meta.url), "utf8");
  const { stdout } = await runRoost(["help", "--markdown"]);
  const advice =
    "the commands have changed: npm run --silent roost -- help --markdown > docs/cli.md, then npm run format";
  assert.equal(unalign(written), unalign(stdout), advice);
  for (const heading of ["# roost lock", "# roost jobs apply", "## Exit codes"])
    assert.ok(stdout.includes(heading), heading);
});

test("no service can be named like a command", async () => {
  const { stdout } = await runRoost(["help", "--markdown"]);
  const commands = [...stdout.matchAll(/^## roost (\S+)$/gm)].map(([, name]) => name);
  assert.deepEqual([...commandNames].filter((name) => name !== "roost").toSorted(), commands.toSorted());
});

/** The formatter aligns the columns of tables; what they say is compared. */
function unalign(markdown: string): string {
  return markdown.replaceAll(/ *\| */g, "|").replaceAll(/-{3,}/g, "---");
}
