/**
 * `kill -9` in the middle of imports and exports: of the command before a request has come in and after it, before it is told so; of the gateway while it takes
 * one over. Records, parts, settings and rows of services are taken over by requests of their own. The import, repeated, gives what an undisturbed one gives;
 * an export is there whole, or not at all.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createTestDatabase } from "@roost/database/testing";
import { readSchemas } from "@roost/kernel";
import { homeRooms } from "@roost/worker/home-rooms";
import { startRoost } from "../../apps/cli/src/testing/start-roost.ts";
import { startQuietHome, startServices, type LivingHome } from "../../bench/src/living-home/start-home.ts";
import { writeLargeHome } from "../../bench/src/moving/write-large-home.ts";
import { readContents } from "./open-moving.ts";

/** Of requests of one kind: which one is on its way, by its number in that command. */
type Moment = { of: RegExp; number: number; kill: "command before it" | "command after it" | "gateway" };

const records = /^POST \/api\/v1\/import\/records/;
const parts = /^POST \/api\/v1\/parts/;
const settings = /^PUT \/api\/v1\/files\/content/;
const rows = /^POST \/services\/peeps\/moving\/rows/;
const exported = /^GET \/api\/v1\/(?:export\/records|files\/content|parts)/;

const moments: Moment[] = [
  { of: parts, number: 1, kill: "command after it" },
  { of: parts, number: 2, kill: "gateway" },
  { of: records, number: 1, kill: "command after it" },
  { of: records, number: 2, kill: "gateway" },
  { of: records, number: 3, kill: "command before it" },
  { of: records, number: 4, kill: "gateway" },
];

/** Stands before the gateway, whichever it is now, and counts the requests of the moment's kind. */
async function startDoor(home: LivingHome) {
  let count = 0;
  let moment: (Moment & { command: () => void }) | undefined;
  const server = createServer((incoming, answer) => {
    const isCounted = moment?.of.test(`${incoming.method} ${incoming.url}`) === true && (count += 1) > 0;
    const due = isCounted && count === moment?.number ? moment : undefined;
    if (due?.kill === "command before it") return due.command();
    const to = new URL(incoming.url ?? "/", home.gateway.ready.url);
    const headers = { ...incoming.headers, host: to.host };
    const passed = request(to, { method: incoming.method, headers }, (given) => {
      if (due?.kill === "command after it") return due.command();
      answer.writeHead(given.statusCode ?? 500, given.headers);
      given.pipe(answer);
      given.on("error", () => answer.destroy());
    });
    passed.on("error", () => answer.destroy());
    incoming.pipe(passed);
    if (due?.kill === "gateway") passed.on("finish", () => process.kill(home.gateway.pid, "SIGKILL"));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    expect: (next: typeof moment) => ([count, moment] = [0, next]),
    get count() {
      return count;
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Report {
  refused: object[];
  counts: Record<string, Record<string, number>>;
}

function start(home: LivingHome, url: string, ...args: string[]) {
  return startRoost([...args, "--json"], { url, environment: { ROOST_TOKEN: home.token } });
}

async function run(home: LivingHome, ...args: string[]): Promise<Report> {
  const end = await start(home, home.gateway.ready.url!, ...args).ended;
  assert.equal(end.code, 0, `${args.join(" ")}: ${end.stderr}\n${home.readLogs()}`);
  return JSON.parse(end.stdout) as Report;
}

/** Each moment of a command of its own. `after`: looks at what is there then. */
async function throughKills(
  home: LivingHome,
  args: readonly string[],
  { at = moments, after = async () => undefined }: { at?: readonly Moment[]; after?: () => Promise<void> } = {},
): Promise<void> {
  await using door = await startDoor(home);
  for (const moment of at) {
    const command = start(home, door.url, ...args);
    door.expect({ ...moment, command: () => command.child.kill("SIGKILL") });
    const what = `${moment.of} number ${moment.number}, and there were only`;
    // A command that goes on by itself with the next gateway may end well.
    if (moment.kill === "gateway") {
      await Promise.race([home.gateway.ended, command.ended]);
      assert.ok(door.count >= moment.number, `${what} ${door.count}`);
      await home.addGateway();
    }
    await command.ended;
    assert.ok(door.count >= moment.number, `${what} ${door.count}`);
    await after();
  }
}

const opened = new AsyncDisposableStack();
let directory: string;
/** Took everything over undisturbed. */
let whole: LivingHome;
/** What it was then, and with a fact that it learned. */
let plain: ReadonlyMap<string, string>;
let learned: ReadonlyMap<string, string>;

async function openHome(): Promise<LivingHome> {
  const { url } = opened.use(await createTestDatabase({ migrations: await readSchemas(homeRooms) }));
  const home = opened.use(await startQuietHome(url, { settings: "services: [peeps]\n" }));
  opened.use(await startServices(home, url));
  return home;
}

/** Three pictures in a conversation, and settings. */
async function addParts(there: string): Promise<void> {
  const pictures = [1, 2, 3].map((number) => ({
    type: "image",
    mimeType: "image/png",
    data: Buffer.from([...pngStart, number]).toString("base64"),
  }));
  const content = [{ type: "text", text: "three pictures" }, ...pictures];
  const message = { role: "user", content };
  const lines = [
    { type: "session", version: 3, id: "pictures", timestamp: "2026-01-01T00:00:00Z", cwd: "/x" },
    { type: "message", id: "p1", parentId: null, timestamp: "2026-01-01T00:01:00Z", message },
  ];
  const sessions = join(there, "agents/main/sessions");
  await writeFile(join(sessions, "pictures.jsonl"), `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`);
  const index = JSON.parse(await readFile(join(sessions, "sessions.json"), "utf8")) as Record<string, object>;
  index["agent:main:pictures"] = { sessionId: "pictures", updatedAt: 1 };
  await writeFile(join(sessions, "sessions.json"), JSON.stringify(index));
  const defaults = { heartbeat: { every: "90m", ackMaxChars: 200 } };
  await writeFile(join(there, "openclaw.json"), JSON.stringify({ agents: { defaults, list: [{ id: "main" }] } }));
}

const pngStart = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** People of the service peeps. */
async function addPeople(home: LivingHome): Promise<void> {
  const cards = Array.from({ length: 30 }, (_, number) =>
    ["BEGIN:VCARD", "VERSION:3.0", `UID:${number}`, `FN:Person ${number}`, "END:VCARD", ""].join("\r\n"),
  );
  const body = cards.join("");
  const headers = { authorization: `Bearer ${home.token}`, "content-type": "text/vcard" };
  const answer = await fetch(`${home.gateway.ready.url}/services/peeps/imports`, { method: "POST", headers, body });
  assert.ok(answer.ok, await answer.text());
}

async function exportOf(home: LivingHome, name: string): Promise<ReadonlyMap<string, string>> {
  await run(home, "export", join(directory, name));
  return readContents(join(directory, name));
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "roost-killed-"));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  await writeLargeHome(join(directory, "there"), { fileCount: 400, messageCount: 400 });
  await addParts(join(directory, "there"));
  whole = await openHome();
  assert.deepEqual((await run(whole, "import", join(directory, "there"))).refused, []);
  plain = await exportOf(whole, "plain");
  const lives = { subject: "Anna", attribute: "lives in", value: "Ulm" };
  await whole.api.rememberFact({ text: "Anna lives in Ulm", ...lives });
  await addPeople(whole);
  learned = await exportOf(whole, "one");
  assert.ok(learned.size > 400);
});

after(() => opened[Symbol.asyncDispose]());

test("An import of another program's home that is killed at several moments and repeated gives the state of an undisturbed one", async () => {
  const home = await openHome();
  const there = join(directory, "there");
  await throughKills(home, ["import", there], { at: [...moments, { of: settings, number: 1, kill: "gateway" }] });
  await run(home, "import", there);
  const again = await run(home, "import", there);
  for (const [kind, counts] of Object.entries(again.counts)) assert.deepEqual(Object.keys(counts), ["same"], kind);
  compare(await exportOf(home, "two"), plain, /^(?:events|spend)\//);
});

test("An import of an export that is killed at several moments and repeated gives the state of the home that it is of", async () => {
  const home = await openHome();
  // It has files of these names.
  const takeAll = [join(directory, "one"), "--replace"];
  const ofRows: Moment[] = [
    { of: rows, number: 1, kill: "command after it" },
    { of: rows, number: 1, kill: "gateway" },
  ];
  await throughKills(home, ["import", ...takeAll], { at: [...moments, ...ofRows] });
  await run(home, "import", ...takeAll);
  compare(
    await exportOf(home, "three"),
    learned,
    /^spend\//,
    (path) => !path.startsWith("events/") || learned.has(path),
  );
});

test("An export that is killed is there whole, as the one before was, or not at all, and the next one is whole", async () => {
  const to = join(directory, "again");
  const at: Moment[] = [
    { of: exported, number: 3, kill: "command before it" },
    { of: exported, number: 200, kill: "gateway" },
    { of: exported, number: 400, kill: "command after it" },
  ];
  await throughKills(whole, ["export", to], { at, after: async () => assert.ok(!existsSync(to)) });
  compare(await exportOf(whole, "again"), learned, /^(?:events|spend)\//);
  const before = await readContents(to);
  await whole.api.rememberFact({ text: "The spare key is with Ida" });
  await throughKills(whole, ["export", to], {
    at,
    after: async () => {
      assert.deepEqual(await readContents(to), before);
      await checkManifest(to);
    },
  });
  await run(whole, "export", to);
  await checkManifest(to);
  assert.match((await readContents(to)).get("records/facts.jsonl")!, /spare key/);
});

/** Each file is as it is named there. */
async function checkManifest(of: string): Promise<void> {
  const { files } = JSON.parse(await readFile(join(of, "manifest.json"), "utf8")) as {
    files: { path: string; sha256: string }[];
  };
  for (const { path, sha256 } of files)
    assert.equal(
      createHash("sha256")
        .update(await readFile(join(of, path)))
        .digest("hex"),
      sha256,
      path,
    );
}

function compare(
  given: ReadonlyMap<string, string>,
  expected: ReadonlyMap<string, string>,
  own: RegExp,
  isOf: (path: string) => boolean = () => true,
): void {
  const pathsOf = (of: ReadonlyMap<string, string>) =>
    new Set([...of.keys()].filter((path) => !own.test(path) && isOf(path)));
  const [paths, awaited] = [pathsOf(given), pathsOf(expected)];
  assert.deepEqual([...paths.symmetricDifference(awaited)], []);
  for (const path of awaited) assert.equal(given.get(path), expected.get(path), path);
}
