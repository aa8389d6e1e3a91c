import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runRoost } from "../testing/run-roost.ts";

test("roost service enable and disable change roost.yaml and nothing else in it", async (context) => {
  const home = await mkdtemp(join(tmpdir(), "roost-enable-"));
  context.after(() => rm(home, { recursive: true, force: true }));
  const file = join(home, "roost.yaml");
  const run = (...args: string[]) => runRoost(["service", ...args], { environment: { ROOST_HOME: home } });
  const read = () => readFile(file, "utf8");
  await mkdir(join(home, "services", "shelf"), { recursive: true });
  await writeFile(join(home, "services", "shelf", "service.ts"), "");

  assert.match((await run("enable", "shelf")).stdout, /shelf enabled in .*roost\.yaml/);
  assert.match(await read(), /^services: \[ ?shelf ?\]\n$/);
  const text = "# Mine\ntimeZone: Europe/Berlin # here\nservices:\n  # friends\n  - peeps\nworkers: 1\n";
  await writeFile(file, text);
  assert.match((await run("enable", "shelf")).stderr, /from the next start on/);
  assert.equal(await read(), text.replace("  - peeps\n", "  - peeps\n  - shelf\n"));
  assert.match((await run("enable", "shelf")).stdout, /enabled already/);
  await run("disable", "shelf");
  assert.equal(await read(), text);
  await run("disable", "peeps");
  assert.match(await read(), /services:[^\n]*(?:\n +#[^\n]*)?\s+\[\]/);
  const misspelt = await run("enable", "shelv");
  assert.match(misspelt.stderr, /no folder services\/shelv with a service\.ts: did you mean shelf\?/);
  await writeFile(file, "services: peeps\n");
  assert.match((await run("enable", "shelf")).stderr, /services is no list/);
  assert.equal(await read(), "services: peeps\n");
});
