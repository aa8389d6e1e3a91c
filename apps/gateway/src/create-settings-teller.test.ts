import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createSettingsTeller } from "./create-settings-teller.ts";
import { createTestGateway } from "./testing/create-test-gateway.ts";

test("createSettingsTeller() says once that roost.yaml was changed or broken, and what holds after a restart", async () => {
  await using gateway = await createTestGateway({ files: { "roost.yaml": "timeZone: Europe/Berlin\n" } });
  const { memory, homeDir, test: t } = gateway;
  const write = (text: string) => writeFile(join(homeDir, "roost.yaml"), text);
  // Two gateways of the home.
  const applied: (readonly string[])[] = [];
  const applyServices = async (names: readonly string[]) => void applied.push(names);
  const channels: unknown[] = [];
  const applyChannels = async (given: unknown) => void channels.push(given);
  const caps: unknown[] = [];
  const applyBudgets = async ({ budgets }: { budgets: unknown }) => void caps.push(budgets);
  const tellers = [0, 1].map(() => createSettingsTeller(memory, { applyServices, applyChannels, applyBudgets }));
  const inForce = () => tellers.map((each) => each.inForce());
  const look = async () => {
    for (const each of tellers) await each.look();
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
  await write("timeZone: Europe/Berlin\nservices: [shelf]\n");
  assert.equal((await look()).length, 2, "which services run needs no restart");
  await look();
  assert.deepEqual(applied, [["shelf"], ["shelf"]], "once for each gateway");
  assert.deepEqual(
    inForce().map(({ services, timeZone }) => [services, timeZone]),
    [
      [["shelf"], "Europe/Berlin"],
      [["shelf"], "Europe/Berlin"],
    ],
  );
  await write("timeZone: Europe/Berlin\n");
  await look();
  assert.deepEqual(applied.slice(2), [[], []]);
  await write("timeZone: Europe/Berlin\nbudgets: { day: { usdMax: 3 } }\n");
  assert.equal((await look()).length, 2, "what may be spent needs no restart");
  assert.deepEqual(caps, [{ day: { usdMax: 3 } }, { day: { usdMax: 3 } }]);
  await write("timeZone: Europe/Berlin\nchannels: { telegram: { token: env:BOT } }\n");
  assert.equal((await look()).length, 2, "which channels run needs no restart");
  await write("timeZone: Europe/Berlin\n");
  await look();
  const on = { telegram: { token: "env:BOT" } };
  assert.deepEqual(channels, [on, on, {}, {}]);
});
