import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { toAgentHere } from "./to-agent-here.ts";
import { hasFewerTools, readConfig, type OpenClawConfig } from "./read-config.ts";

async function read(text: string, files: Record<string, string> = {}) {
  const home = await mkdtemp(join(tmpdir(), "roost-config-"));
  try {
    for (const [name, each] of Object.entries({ "openclaw.json": text, ...files })) {
      await mkdir(dirname(join(home, name)), { recursive: true });
      await writeFile(join(home, name), each);
    }
    return await readConfig(home);
  } finally {
    await rm(home, { recursive: true });
  }
}

const zone = { agents: { defaults: { userTimezone: "Asia/Tokyo" } } };
const written: [what: string, text: string, read: object, files?: Record<string, string>][] = [
  ["a comment between", '/* a */ { "agents": { "defaults": { "userTimezone": "Asia/Tokyo" } } }', zone],
  ["a comment behind", '{ "agents": { // who\n "defaults": { userTimezone: \'Asia/Tokyo\', }, }, }', zone],
  [
    "what looks like a comment",
    '{ "models": { "url": "http://a//b", "note": "/* no */" } }',
    { models: { url: "http://a//b", note: "/* no */" } },
  ],
  [
    "a name twice: the last counts",
    '{ "agents": {}, "agents": { "defaults": { "userTimezone": "Asia/Tokyo" } } }',
    zone,
  ],
  [
    "null for nothing",
    '{ "agents": { "list": [null], "defaults": { "workspace": null, "heartbeat": null, "userTimezone": "Asia/Tokyo" } } }',
    { agents: { list: [], ...zone.agents } },
  ],
  [
    "parts in other files",
    '{ "$include": ["a.json5", "parts/b.json5"], "agents": { "defaults": { "userTimezone": "Asia/Tokyo" } } }',
    { agents: { defaults: { userTimezone: "Asia/Tokyo", workspace: "~/w" } } },
    {
      "a.json5": '{ agents: { defaults: { userTimezone: "UTC", workspace: "~/v" } } }',
      "parts/b.json5": "{ agents: { defaults: { $include: './c.json5' } } }",
      "parts/c.json5": '{ workspace: "~/w" }',
    },
  ],
];
test("readConfig() reads what people and the program write: comments, null, names that stand twice, parts in other files", async () => {
  for (const [what, text, expected, files] of written) assert.deepEqual(await read(text, files), expected, what);
});

const refused: [text: string, says: RegExp, files?: Record<string, string>][] = [
  ['{ "agents": { ', /^it cannot be read \(/],
  ['{ "$include": "./gone.json" }', /^\$include \.\/gone\.json: it cannot be read/],
  ['{ "$include": "../passwd" }', /lies outside of the home/],
  ['{ "$include": "openclaw.json" }', /nested deeper than 8 files/],
  ['{ "agents": [] }', /^agents must be keys and values/],
];
test("readConfig() says why a file cannot be read", async () => {
  for (const [text, says] of refused) {
    const why = await read(text);
    assert.match(typeof why === "string" ? why : JSON.stringify(why), says);
  }
});

test("hasFewerTools() is true of an agent whose config allows or denies some, or names a profile", () => {
  const rows: [config: OpenClawConfig, agent: object, isNarrow: boolean][] = [
    [{}, {}, false],
    [{ tools: { exec: { host: "sandbox" } } }, { tools: { profile: "full" } }, false],
    [{ tools: { deny: ["exec"] } }, {}, true],
    [{ agents: { defaults: { tools: { profile: "minimal" } } } }, {}, true],
    [{}, { tools: { allow: ["read"] } }, true],
    [{}, { tools: { sandbox: { tools: { deny: ["exec"] } } } }, true],
    [{}, { tools: ["read"] }, true],
  ];
  for (const [config, agent, isNarrow] of rows)
    assert.equal(hasFewerTools(config, { id: "a", ...agent }), isNarrow, JSON.stringify([config, agent]));
});

test("toAgentHere() gives the default agent of the config, whatever its name, as main, and the others without their case", () => {
  const config = (...list: { id: string; default?: boolean }[]): OpenClawConfig => ({ agents: { list } });
  for (const wren of [
    config({ id: "Wren" }),
    config({ id: "work" }, { id: "wren", default: true }),
    config({ id: "main" }, { id: "WREN", default: true }),
  ])
    assert.equal(toAgentHere("wren", wren), "main");
  assert.equal(toAgentHere("Work", config({ id: "work" }, { id: "main" })), "work");
  assert.equal(toAgentHere("main", {}), "main");
  assert.equal(toAgentHere("other", {}), "other");
});
