import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createTestKernel } from "@roost/kernel/testing";
import { readSettings } from "@roost/memory/settings";
import { createSettingsTeller } from "./create-settings-teller.ts";

test("createSettingsTeller() says once that roost.yaml was changed or broken, and what holds after a restart", async () => {
  await using t = await createTestKernel();
  const homeDir = await mkdtemp(join(tmpdir(), "roost-settings-"));
  try {
    const write = (text: string) => writeFile(join(homeDir, "roost.yaml"), text);
    await write("timeZone: Europe/Berlin\n");
    const started = readSettings(homeDir);
    // Two gateways of the home.
    const looks = [0, 1].map(() => createSettingsTeller(t.kernel, homeDir, started));
    const look = async () => {
      for (const each of looks) await each.look();
      const rows = await t.database.query<{ text: string }>(
        "select data ->> 'text' as text from roost.event where type = 'notice.raised' order by time, id",
      );
      return rows.map(({ text }) => text);
    };
    assert.deepEqual(await look(), []);
    await write("# a comment\ntimeZone: Europe/Berlin\n");
    assert.deepEqual(await look(), []);
    await write("timeZone: Europe/Rome\n");
    assert.deepEqual(await look(), ["roost.yaml changed (timeZone): restart to apply it (roost down, roost up)"]);
    assert.equal((await look()).length, 1);
    await t.clock.advance(120_000);
    await write("timeZone: [\n");
    assert.match(
      (await look())[1] ?? "",
      /^roost\.yaml is invalid: .*roost\.yaml:\d+: this is not YAML.* would not start again/s,
    );
    await write("timeZone: Europe/Berlin\n");
    assert.equal((await look()).length, 2);
  } finally {
    await rm(homeDir, { recursive: true, force: true });
  }
});
