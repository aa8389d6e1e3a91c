/**
 * `kill -9` in the middle of imports and exports, at each kind of call that they make: of the command before the call has come in and after it, before it is told
 * so; of the gateway while it takes it, and of the services. What is begun again gives what an undisturbed one gives, once, and the other home is only read.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { createHttpClient } from "@roost/contract/client";
import { createTestDatabase } from "@roost/database/testing";
import { readSchemas } from "@roost/kernel";
import { peepsContract } from "@roost/peeps/contract";
import { homeRooms } from "@roost/worker/home-rooms";
import { until } from "@roost/base/testing/until";
import { startRoost } from "../../apps/cli/src/testing/start-roost.ts";
import { startQuietHome, startServices, type LivingHome } from "../../bench/src/living-home/start-home.ts";
import type { Program } from "../../bench/src/living-home/start-program.ts";
import { writeLargeHome } from "../../bench/src/moving/write-large-home.ts";
import { bookOf, idaCard } from "../../services/peeps/open-peeps.fixture.ts";
import { readContents } from "./open-moving.ts";

/** What a call is for; what only reads has no name. */
const calls = {
  range: /^PUT \/api\/v1\/import\/range\b/,
  part: /^POST \/api\/v1\/parts\b/,
  records: /^POST \/api\/v1\/import\/records\b/,
  settings: /^PUT \/api\/v1\/files\/content\b/,
  jobs: /^POST \/api\/v1\/jobs\/apply\b/,
  rows: /^POST \/services\/peeps\/moving\/rows\b/,
  finish: /^POST \/api\/v1\/import\/finish\b/,
  page: /^GET \/api\/v1\/export\/records\b/,
  file: /^GET \/api\/v1\/files\/content\b/,
  "rows read": /^GET \/services\/peeps\/moving\/rows\b/,
  told: /^POST \/api\/v1\/export\/finish\b/,
} as const;
type Call = keyof typeof calls;

/** Which call of its kind in this attempt, and who ends there. */
type Moment = [call: Call, nth: number, kill: "command before it" | "command after it" | "gateway" | "services"];

const ofAnImport: readonly Moment[] = [
  // Of a file of three ranges: what has come is not sent again.
  ["range", 1, "command after it"],
  ["range", 2, "gateway"],
  ["range", 2, "command before it"],
  ["range", 2, "command after it"],
  ["part", 1, "command after it"],
  ["part", 2, "gateway"],
  ["records", 1, "command after it"],
  ["records", 2, "gateway"],
  ["records", 3, "command before it"],
  ["records", 4, "gateway"],
  ["jobs", 1, "gateway"],
  ["jobs", 1, "command after it"],
];
const isRange = ([call]: Moment) => call === "range";
const atItsEnd: readonly Moment[] = [
  ["finish", 1, "command before it"],
  ["finish", 1, "gateway"],
];

interface Home {
  living: LivingHome;
  /** Of its services; where it is killed, the next one. */
  services: Program;
  startServices(): Promise<void>;
}

/** Stands before the gateway, whichever it is now, and counts calls. */
async function startDoor(home: Home) {
  const counts = new Map<Call, number>();
  let moment: Moment | undefined;
  let killCommand = () => {};
  let reach = () => {};
  const server = createServer((incoming, answer) => {
    const line = `${incoming.method} ${incoming.url}`;
    const call = (Object.keys(calls) as Call[]).find((each) => calls[each].test(line));
    if (call !== undefined) counts.set(call, (counts.get(call) ?? 0) + 1);
    const isDue = moment !== undefined && moment[0] === call && moment[1] === counts.get(call);
    const kill = isDue ? moment![2] : undefined;
    if (isDue) {
      moment = undefined;
      reach();
    }
    if (kill === "command before it") return killCommand();
    const to = new URL(incoming.url ?? "/", home.living.gateway.ready.url);
    const headers = { ...incoming.headers, host: to.host };
    const passed = request(to, { method: incoming.method, headers }, (given) => {
      if (kill === "command after it") return killCommand();
      answer.writeHead(given.statusCode ?? 500, given.headers);
      given.pipe(answer);
      given.on("error", () => answer.destroy());
    });
    passed.on("error", () => answer.destroy());
    incoming.pipe(passed);
    if (kill === "gateway") passed.on("finish", () => process.kill(home.living.gateway.pid, "SIGKILL"));
    if (kill === "services") passed.on("finish", () => process.kill(home.services.pid, "SIGKILL"));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Resolves when that moment has come. */
    expect(next: Moment, command: () => void): Promise<void> {
      counts.clear();
      [moment, killCommand] = [next, command];
      return new Promise((resolve) => (reach = resolve));
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

function start({ living }: Home, url: string, ...args: string[]) {
  return startRoost([...args, "--json"], { url, environment: { ROOST_TOKEN: living.token } });
}

async function run(home: Home, ...args: string[]): Promise<Report> {
  const { living } = home;
  const end = await start(home, living.gateway.ready.url!, ...args).ended;
  assert.equal(end.code, 0, `${args.join(" ")}: ${end.stderr}\n${living.readLogs()}`);
  return JSON.parse(end.stdout) as Report;
}

/** A moment that does not come fails the test: it would show nothing. */
async function goThroughKills(home: Home, args: readonly string[], moments: readonly Moment[]): Promise<void> {
  await using door = await startDoor(home);
  for (const moment of moments) {
    const [call, nth, kill] = moment;
    const what = `call ${nth} for ${call}, ${kill}`;
    const command = start(home, door.url, ...args);
    const reached = door.expect(moment, () => command.child.kill("SIGKILL"));
    const end = command.ended.then(({ code, stderr }) => assert.fail(`it ended (${code}) before ${what}: ${stderr}`));
    await Promise.race([reached, end]);
    end.catch(() => undefined);
    // A command that goes on by itself with the next process may end well.
    if (kill === "gateway") {
      await home.living.gateway.ended;
      await home.living.addGateway();
    }
    if (kill === "services") {
      await home.services.ended;
      await home.startServices();
    }
    await command.ended;
  }
}

const opened = new AsyncDisposableStack();
let directory: string;
let there: string;
/** Took everything over undisturbed. */
let whole: Home;
/** What it was then, and with what it learned. */
let plain: ReadonlyMap<string, string>;
let learned: ReadonlyMap<string, string>;

async function openHome(): Promise<Home> {
  const { url } = opened.use(await createTestDatabase({ migrations: await readSchemas(homeRooms) }));
  const living = opened.use(await startQuietHome(url, { settings: "services: [peeps]\n" }));
  const home = { living, services: undefined as unknown as Program, startServices: startOwn };
  async function startOwn() {
    home.services = opened.use(await startServices(living, url));
    await until(async () =>
      (await living.api.getService({ name: "peeps" })).service.state === "running" ? true : undefined,
    );
  }
  await startOwn();
  return home;
}

async function exportOf(home: Home, name: string): Promise<ReadonlyMap<string, string>> {
  await run(home, "export", join(directory, name));
  return readContents(join(directory, name));
}

/** Each file with its bytes and its time: an import only reads. */
async function stateOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { mtimeMs, mode, ino } = await stat(path);
    const hash = entry.isFile()
      ? createHash("sha256")
          .update(await readFile(path))
          .digest("hex")
      : "";
    found.push(`${path} ${mtimeMs} ${mode} ${ino} ${hash}`);
  }
  return found.toSorted();
}

const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** Beside files and long conversations: pictures, settings, jobs and logs of runs. */
async function fillHome(folder: string): Promise<void> {
  await writeLargeHome(folder, { fileCount: 260, messageCount: 400 });
  const pictured = [1, 2].map((number) => ({
    type: "message",
    id: `p${number}`,
    timestamp: "2026-01-01T10:00:00.000Z",
    message: {
      role: "user",
      content: [
        { type: "text", text: `picture ${number}` },
        {
          type: "image",
          mimeType: "image/png",
          data: number === 1 ? dot : Buffer.from(`no picture ${number}`).toString("base64"),
        },
      ],
    },
  }));
  const job = (id: string) => ({
    id,
    name: id,
    enabled: true,
    schedule: { kind: "cron", expr: "0 6 1 1 *", tz: "UTC" },
    payload: { kind: "agentTurn", message: "go" },
    sessionTarget: "isolated",
    wakeMode: "now",
  });
  const files: Record<string, string> = {
    "openclaw.json": JSON.stringify({
      agents: { list: [{ id: "main" }] },
      models: { providers: { box: { baseUrl: "http://127.0.0.1:8080/v1", models: [{ id: "Qwen 3" }] } } },
    }),
    "cron/jobs.json": JSON.stringify({ version: 1, jobs: [job("brief"), job("tidy")] }),
    "cron/runs/brief.jsonl": `${JSON.stringify({ ts: 1_772_359_200_000, jobId: "brief", status: "ok", summary: "ran" })}\n`,
    "agents/main/sessions/pictures.jsonl": `${pictured.map((each) => JSON.stringify(each)).join("\n")}\n`,
  };
  await writeFile(join(folder, "workspace/manual.pdf"), Buffer.alloc(9_000_000, "%PDF \0 pages "));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "roost-killed-"));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  there = join(directory, "there");
  await fillHome(there);
  whole = await openHome();
  assert.deepEqual((await run(whole, "import", there)).refused, []);
  plain = await exportOf(whole, "plain");
  const { living } = whole;
  const lives = { subject: "Anna", attribute: "lives in", value: "Ulm" };
  await living.api.rememberFact({ text: "Anna lives in Ulm", ...lives });
  const baseUrl = `${living.gateway.ready.url}/services/peeps`;
  const peeps = createHttpClient(peepsContract, { baseUrl, token: living.token });
  const others = Array.from({ length: 30 }, (_, number) => [`UID:u${number}`, `FN:Person ${number}`]);
  await peeps.importContacts({ book: bookOf(idaCard, ...others) });
  learned = await exportOf(whole, "one");
  assert.ok(learned.size > 260 && learned.get("services/peeps/rows.jsonl")!.includes("Ida Berg"));
});

after(() => opened[Symbol.asyncDispose]());

test("An import of another program's home that is killed at several moments and repeated gives the state of an undisturbed one", async () => {
  const home = await openHome();
  const before = await stateOf(there);
  // They are written once, so that only an import from the beginning comes to it.
  const settings: Moment[] = [["settings", 1, "gateway"]];
  await goThroughKills(
    home,
    ["import", there],
    [...ofAnImport.filter(isRange), ...settings, ...ofAnImport.filter((each) => !isRange(each)), ...atItsEnd],
  );
  await run(home, "import", there);
  const again = await run(home, "import", there);
  for (const [kind, counts] of Object.entries(again.counts)) assert.deepEqual(Object.keys(counts), ["same"], kind);
  compare(await exportOf(home, "two"), plain, /^(?:events|spend)\//);
  assert.deepEqual(await stateOf(there), before, "the other home is only read");
});

test("An import of an export that is killed at several moments and repeated gives the state of the home that it is of", async () => {
  const home = await openHome();
  const one = join(directory, "one");
  const before = await stateOf(one);
  const rows: Moment[] = [
    ["rows", 1, "services"],
    ["rows", 1, "gateway"],
  ];
  // It has files of these names.
  await goThroughKills(home, ["import", one, "--replace"], [...ofAnImport, ...rows, ...atItsEnd]);
  await run(home, "import", one, "--replace");
  compare(
    await exportOf(home, "three"),
    learned,
    /^spend\//,
    (path) => !path.startsWith("events/") || learned.has(path),
  );
  assert.deepEqual(await stateOf(one), before, "an export is only read");
});

test("An export that is killed at several moments and begun again is that of an undisturbed one, and until then there is none", async () => {
  const four = join(directory, "four");
  const moments: Moment[] = [
    ["page", 1, "command before it"],
    ["page", 3, "gateway"],
    ["file", 200, "command after it"],
    ["rows read", 1, "command after it"],
  ];
  for (const moment of moments) {
    await goThroughKills(whole, ["export", four], [moment]);
    const isThere = (await readdir(directory)).includes("four");
    // One that goes on with the next gateway is whole.
    if (moment[2].startsWith("command")) assert.equal(isThere, false, moment.join(" "));
    else if (isThere) compare(await readContents(four), learned, /^(?:events|spend)\//);
    await rm(four, { recursive: true, force: true });
  }
  await goThroughKills(whole, ["export", four], [["told", 1, "command after it"]]);
  compare(await readContents(four), learned, /^(?:events|spend)\//);
  await goThroughKills(whole, ["export", four], [["page", 5, "command before it"]]);
  compare(await readContents(four), learned, /^(?:events|spend)\//);
  compare(await exportOf(whole, "four"), learned, /^(?:events|spend)\//);
  assert.deepEqual(
    (await readdir(directory)).filter((name) => name.startsWith(".four")),
    [],
  );
});

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
