/**
 * `kill -9` in the middle of imports: of the command before a batch has come in and after it, before it is told so; of the gateway while it takes one over. The
 * import, repeated, gives what an undisturbed one gives.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createTestDatabase } from "@roost/database/testing";
import { readSchemas } from "@roost/kernel";
import { homeRooms } from "@roost/worker/home-rooms";
import { startRoost } from "../../apps/cli/src/testing/start-roost.ts";
import { startQuietHome, type LivingHome } from "../../bench/src/living-home/start-home.ts";
import { writeLargeHome } from "../../bench/src/moving/write-large-home.ts";
import { readContents } from "./open-moving.ts";

/** When a batch is on its way, by its number in that import. */
type Moment = { batch: number; kill: "command before it" | "command after it" | "gateway" };

const moments: Moment[] = [
  { batch: 1, kill: "command after it" },
  { batch: 2, kill: "gateway" },
  { batch: 3, kill: "command before it" },
  { batch: 4, kill: "gateway" },
];

/** Stands before the gateway, whichever it is now, and counts batches. */
async function startDoor(home: LivingHome) {
  let count = 0;
  let moment: (Moment & { command: () => void }) | undefined;
  const server = createServer((incoming, answer) => {
    const isBatch = incoming.url?.startsWith("/api/v1/import/records") === true && (count += 1) > 0;
    const due = isBatch && count === moment?.batch ? moment : undefined;
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

async function importThroughKills(home: LivingHome, ...args: string[]): Promise<void> {
  await using door = await startDoor(home);
  for (const moment of moments) {
    const command = start(home, door.url, "import", ...args);
    door.expect({ ...moment, command: () => command.child.kill("SIGKILL") });
    // A command that goes on by itself with the next gateway may end well.
    if (moment.kill === "gateway") {
      await Promise.race([home.gateway.ended, command.ended]);
      assert.ok(door.count >= moment.batch, `there are only ${door.count} batches`);
      await home.addGateway();
    }
    await command.ended;
    assert.ok(door.count >= moment.batch, `there are only ${door.count} batches, and ${moment.batch} was awaited`);
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
  return opened.use(await startQuietHome(url));
}

async function exportOf(home: LivingHome, name: string): Promise<ReadonlyMap<string, string>> {
  await run(home, "export", join(directory, name));
  return readContents(join(directory, name));
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "roost-killed-"));
  opened.defer(() => rm(directory, { recursive: true, force: true }));
  await writeLargeHome(join(directory, "there"), { fileCount: 400, messageCount: 400 });
  whole = await openHome();
  assert.deepEqual((await run(whole, "import", join(directory, "there"))).refused, []);
  plain = await exportOf(whole, "plain");
  const lives = { subject: "Anna", attribute: "lives in", value: "Ulm" };
  await whole.api.rememberFact({ text: "Anna lives in Ulm", ...lives });
  learned = await exportOf(whole, "one");
  assert.ok(learned.size > 400);
});

after(() => opened[Symbol.asyncDispose]());

test("An import of another program's home that is killed at several moments and repeated gives the state of an undisturbed one", async () => {
  const home = await openHome();
  const there = join(directory, "there");
  await importThroughKills(home, there);
  await run(home, "import", there);
  const again = await run(home, "import", there);
  for (const [kind, counts] of Object.entries(again.counts)) assert.deepEqual(Object.keys(counts), ["same"], kind);
  compare(await exportOf(home, "two"), plain, /^(?:events|spend)\//);
});

test("An import of an export that is killed at several moments and repeated gives the state of the home that it is of", async () => {
  const home = await openHome();
  // It has files of these names.
  const takeAll = [join(directory, "one"), "--replace"];
  await importThroughKills(home, ...takeAll);
  await run(home, "import", ...takeAll);
  compare(
    await exportOf(home, "three"),
    learned,
    /^spend\//,
    (path) => !path.startsWith("events/") || learned.has(path),
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
