import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { armor, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { budgetCaps } from "./budget-caps.ts";
import { parseSettings, readSettings } from "./read-settings.ts";
import { resolveProviders, resolveSecret } from "./resolve-secret.ts";

async function withHome(work: (homeDir: string) => Promise<void> | void): Promise<void> {
  const homeDir = await mkdtemp(join(tmpdir(), "roost-settings-"));
  try {
    await work(homeDir);
  } finally {
    await rm(homeDir, { recursive: true });
  }
}

test("readSettings() gives the defaults for a home without roost.yaml, and caps the day", () =>
  withHome((homeDir) => {
    const settings = readSettings(homeDir);
    assert.equal(settings.heartbeat.every, 1_800_000);
    assert.equal(settings.heartbeat.ackCharsMax, 300);
    assert.equal(settings.heartbeat.quietMsMax, undefined);
    assert.deepEqual(settings.http, { allow: [], keyed: [] });
    assert.deepEqual(budgetCaps(settings), [{ scope: "all", window: "day", usdMax: 10, tokensMax: 20_000_000 }]);
  }));

test("readSettings() names file and line of every mistake", () =>
  withHome(async (homeDir) => {
    const path = join(homeDir, "roost.yaml");
    await writeFile(
      path,
      "timeZone: Europe/Belgrad\nheartbeat:\n  every: soon\n  activHours:\n    start: '8'\nworkers: 0\n",
    );
    assert.throws(
      () => readSettings(homeDir),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "invalid_input");
        const lines = error.message.split("\n");
        assert.ok(
          lines.some((line) => line.startsWith(`${path}:1: timeZone`)),
          error.message,
        );
        assert.ok(
          lines.some((line) => line.startsWith(`${path}:3: heartbeat.every: "soon"`)),
          error.message,
        );
        assert.ok(
          lines.some((line) => line.includes('"heartbeat.activHours" is not a setting')),
          error.message,
        );
        assert.ok(
          lines.some((line) => line.startsWith(`${path}:6: workers`)),
          error.message,
        );
        return true;
      },
    );
  }));

test("parseSettings() names the key that was meant, also where only its end was written", () => {
  const server = "models:\n  - { kind: openai-compatible, id: a, model: m, url: 'http://127.0.0.1:1/v1' }";
  for (const [text, meant] of [
    [server, "baseUrl"],
    ["heartbeat: { activHours: {} }", "activeHours"],
    ["budgets: { day: { usd: 5 } }", "usdMax"],
  ] as const)
    assert.throws(() => parseSettings(text, "roost.yaml"), new RegExp(`did you mean ${meant}\\?`));
});

test("parseSettings() says where it is not YAML, and that a key stands twice", () => {
  assert.throws(() => parseSettings("a: [1\nb: 2", "roost.yaml"), {
    code: "invalid_input",
    message: /^roost\.yaml:\d: this is not YAML/,
  });
  assert.throws(() => parseSettings("workers: 1\nworkers: 2\n", "roost.yaml"), {
    code: "invalid_input",
    message: /^roost\.yaml:2: this is not YAML/,
  });
});

test("parseSettings() refuses a secret that stands in the settings, without showing it", () => {
  const text = "models:\n  - id: a\n    kind: openrouter\n    model: m\n    apiKey: sk-or-123\n";
  assert.throws(
    () => parseSettings(text, "roost.yaml"),
    (error: Error) => error.message.startsWith("roost.yaml:5: models.0.apiKey") && !error.message.includes("sk-or-123"),
  );
});

test("resolveProviders() puts the secrets of the environment and of files in place", () =>
  withHome(async (homeDir) => {
    await writeFile(join(homeDir, "key"), "from-file\n");
    const settings = parseSettings(
      `models:
  - { id: local, kind: openai-compatible, model: m, baseUrl: "http://127.0.0.1:8080/v1", headers: { X-Key: "env:HEADER" } }
  - { id: router, kind: openrouter, model: n, apiKey: "file:key" }`,
      "roost.yaml",
    );
    assert.deepEqual(await resolveProviders(settings, { env: { HEADER: "h" }, homeDir }), [
      {
        id: "local",
        kind: "openai-compatible",
        model: "m",
        baseUrl: "http://127.0.0.1:8080/v1",
        headers: { "X-Key": "h" },
      },
      { id: "router", kind: "openrouter", model: "n", apiKey: "from-file" },
    ]);
    await assert.rejects(resolveSecret("env:NONE", { env: {}, homeDir }), {
      code: "invalid_input",
      message: /has no NONE/,
    });
    await assert.rejects(resolveSecret("file:none", { env: {}, homeDir }), {
      code: "invalid_input",
      message: /ENOENT/,
    });
  }));

test("resolveSecret() refuses what no header takes without showing it, and takes spaces and a line break at the end", () =>
  withHome(async (homeDir) => {
    const env = { BROKEN: "t0ken\nsecond", ACCENTED: "t0kén", SCHEME: "Basic t0ken\n" };
    await writeFile(join(homeDir, "broken"), "t0ken\nsecond\n");
    for (const reference of ["env:BROKEN", "env:ACCENTED", "file:broken"]) {
      await assert.rejects(
        resolveSecret(reference, { env, homeDir }),
        (error: Error & { code: string }) =>
          error.code === "invalid_input" && error.message.startsWith(reference) && !/t0k|second/.test(error.message),
      );
    }
    assert.equal(await resolveSecret("env:SCHEME", { env, homeDir }), "Basic t0ken");
  }));

test("budgetCaps() are all caps of the settings by scope", () => {
  const settings = parseSettings(
    "budgets: { day: { usdMax: 1 }, jobs: { blog: { month: { tokensMax: 5 } } }, agents: { main: { hour: { callsMax: 9 } } } }",
    "roost.yaml",
  );
  assert.deepEqual(budgetCaps(settings), [
    { scope: "all", window: "day", usdMax: 1 },
    { scope: "job:blog", window: "month", tokensMax: 5 },
    { scope: "agent:main", window: "hour", callsMax: 9 },
  ]);
});

test("resolveSecret() decrypts a file of age, and asks 1Password's program, without showing what they say", () =>
  withHome(async (homeDir) => {
    const identity = await generateX25519Identity();
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(identity));
    const encrypted = await encrypter.encrypt("t0ken\n");
    await writeFile(join(homeDir, "key.age"), encrypted);
    await writeFile(join(homeDir, "armored.age"), armor.encode(encrypted));
    await writeFile(join(homeDir, "identity.txt"), `# created by a test\n${identity}\n`);
    await writeFile(join(homeDir, "other.txt"), `${await generateX25519Identity()}\n`);
    await writeFile(
      join(homeDir, "op"),
      '#!/bin/sh\n[ "$3" = op://vault/item/field ] && printf t0ken || { echo "t0ken refused" >&2; exit 1; }\n',
      { mode: 0o755 },
    );
    const env = { ROOST_AGE_IDENTITY: "identity.txt", PATH: `${homeDir}:/usr/bin:/bin` };
    for (const reference of ["age:key.age", "age:armored.age", "op:vault/item/field"])
      assert.equal(await resolveSecret(reference, { env, homeDir }), "t0ken", reference);
    const refused = [
      ["age:key.age", { ROOST_AGE_IDENTITY: "other.txt" }, /cannot be decrypted with the identities of other\.txt/],
      ["age:key.age", {}, /set ROOST_AGE_IDENTITY/],
      ["op:vault/other/field", env, /op read failed/],
      ["op:vault/item/field", { PATH: "/nowhere" }, /op of 1Password is not installed/],
      ["pass:x", env, /is written as env:NAME, file:PATH, age:PATH/],
    ] as const;
    for (const [reference, given, message] of refused)
      await assert.rejects(resolveSecret(reference, { env: given, homeDir }), (error: Error) => {
        assert.match(error.message, message);
        return !/t0ken|AGE-SECRET/.test(error.message);
      });
  }));
