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

test("environment lists every variable that a process of Roost reads, but those that it sets itself", async () => {
  const configs = [
    "apps/cli",
    "apps/gateway",
    "apps/relay",
    "apps/scheduler",
    "apps/services",
    "apps/supervisor",
    "packages/worker",
  ];
  const others = ["models/src/read-home-config.ts", "objects/src/read-bucket.ts", "memory/src/settings/read-secret.ts"];
  const paths = [...configs.map((room) => `${room}/src/config.ts`), ...others.map((path) => `packages/${path}`)];
  const names = new Set<string>();
  for (const path of paths) {
    const text = await readFile(new URL(`../../../../${path}`, import.meta.url), "utf8");
    for (const [name] of text.matchAll(
      /\b(?:ROOST|OPENAI|OPENROUTER|DATABASE|OBJECTS|AWS|KAFKA|OTEL|NO|FORCE)_[A-Z_]+\b/g,
    ))
      names.add(name);
  }
  const { stdout } = await runRoost(["help", "environment"]);
  const own = ["ROOST_DATABASE_URL", "ROOST_START", "ROOST_ROLE", "ROOST_PORT_BEFORE"];
  const missing = [...names].filter((name) => !own.includes(name) && !stdout.includes(name));
  assert.ok(names.size > 15);
  assert.deepEqual(missing, []);
});

test("help fits a terminal of 80 columns", async () => {
  const environment = { COLUMNS: "80" };
  const { stdout } = await runRoost(["help"], { environment });
  const names = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name!);
  assert.ok(names.length > 30);
  for (const name of names) {
    const usage = await runRoost([name, "--help"], { environment });
    assert.deepEqual(
      usage.stdout.split("\n").filter((line) => line.length > 80),
      [],
      name,
    );
  }
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
