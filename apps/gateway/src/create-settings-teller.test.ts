import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { changeSettings, scanHome } from "@roost/memory";
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
  const options = { applyServices, applyChannels, applyBudgets, restart: undefined, environment: {} };
  const tellers = [0, 1].map(() => createSettingsTeller(memory, options));
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

test("createSettingsTeller() starts Roost anew for a change by hand that is usable and stays, and not for one of a command", async () => {
  await using gateway = await createTestGateway({ files: { "roost.yaml": "timeZone: Europe/Berlin\n" } });
  const { memory, homeDir, test: t } = gateway;
  const restarts: string[] = [];
  const apply = async () => undefined;
  const teller = createSettingsTeller(memory, {
    applyServices: apply,
    applyChannels: apply,
    applyBudgets: apply,
    restart: () => void restarts.push("anew"),
    environment: { KEY: "k" },
  });
  const model = (apiKey: string) =>
    `models: [{ kind: openai-compatible, id: a, model: m, baseUrl: "http://127.0.0.1:9/v1", apiKey: "${apiKey}" }]\n`;
  const look = async (text: string | undefined) => {
    if (text !== undefined) await writeFile(join(homeDir, "roost.yaml"), text);
    await teller.look();
    await scanHome(memory);
    await teller.look();
    const before = restarts.length;
    await t.clock.advance(3_000);
    await teller.look();
    const [notice] = await t.database.query<{ text: string }>(
      "select data ->> 'text' as text from roost.event where type = 'notice.raised' order by time desc, id desc limit 1",
    );
    return [before, restarts.length, notice?.text];
  };
  const anew = "Roost starts anew to apply it, and runs go on where they were";
  assert.deepEqual(await look("timeZone: Europe/Rome\n"), [0, 1, `roost.yaml changed (timeZone): ${anew}`]);
  assert.deepEqual((await look(undefined)).slice(0, 2), [1, 1], "once");
  const [, count, text] = await look(model("env:NONE"));
  assert.equal(count, 1);
  assert.match(String(text), /^roost\.yaml is not applied: .*NONE/);
  assert.deepEqual((await look(model("env:KEY"))).slice(1), [2, `roost.yaml changed (timeZone, models): ${anew}`]);
  assert.match(
    String((await look("timeZone: Europe/Berlin\nworkers: 3\n"))[2]),
    /^roost\.yaml changed \(workers\): restart to apply it/,
  );
  assert.deepEqual(
    await look("timeZone: Europe/Paris\nlisten: { port: 4999 }\n"),
    [2, 2, "roost.yaml changed (timeZone, listen): restart to apply it (roost down, roost up)"],
    "what decides where the home is found holds the rest back",
  );
  await changeSettings(memory, (document) => document.delete("listen"), { by: "roost" });
  assert.deepEqual(await look(undefined), [
    2,
    2,
    "roost.yaml changed (timeZone): restart to apply it (roost down, roost up)",
  ]);
  const glance = async (text: string) => {
    await writeFile(join(homeDir, "roost.yaml"), text);
    await scanHome(memory);
    await teller.look();
  };
  await glance("timeZone: Europe/Oslo\n");
  await glance("timeZone: Europe/Berlin\n");
  await t.clock.advance(3_000);
  await glance("timeZone: Europe/Oslo\n");
  assert.equal(restarts.length, 2, "one that comes again has to stay again");
  await t.clock.advance(3_000);
  await teller.look();
  assert.equal(restarts.length, 3);
});
