/** The README's tour, run as a new user would: every `$` line of its console blocks, in order, against a home of its own. */
import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const run = promisify(execFile);
const commandMsMax = 60_000;

const readme = await readFile(join(root, "README.md"), "utf8");
const commands = [...readme.matchAll(/```console\n([\s\S]*?)```/g)]
  .flatMap(([, block]) => (block ?? "").split("\n"))
  .filter((line) => line.startsWith("$ "))
  .map((line) => line.slice(2));

/** What a reader of the tour is promised to see. */
const expected: [command: string, output: RegExp][] = [
  ["roost ask", /\[rehearsal\]/],
  ["roost ps", /Tidy notes/],
  ["jobs list", /tidy/],
  ["roost rehearse", /tidy[^]*Assumed/],
  ["roost lock", /only one of us at a time/],
  ["peeps import examples/peeps/friends", /^3 added/],
  ['peeps import "examples', /^3 added/],
  ["peeps who", /^Mats \(partner, from contacts\)/],
  ["peeps search", /Ida Berg[^]*drill/],
  ["roost once", /sent once, however often it runs/],
];

let place: string;
let environment: NodeJS.ProcessEnv;
let roost: ChildProcess;

before(async () => {
  place = await mkdtemp(join(tmpdir(), "roost-tour-"));
  const names = ["PATH", "TMPDIR", "LANG", "npm_config_cache", "npm_config_registry"];
  environment = {
    ...Object.fromEntries(names.map((name) => [name, process.env[name]]).filter(([, value]) => value !== undefined)),
    HOME: place,
    PATH: `${join(place, ".local/bin")}:${process.env["PATH"]}`,
    ROOST_HOME: join(place, "home"),
    ROOST_PORT: "0",
    // A model server that happens to run on this machine would be found: the tour is about the rehearsal. Where an address is given none is looked for, and at
    // this one nothing answers.
    ROOST_MODEL_URL: "http://127.0.0.1:9/v1",
    ROOST_LOG_LEVEL: "warn",
  };
  roost = spawn(process.execPath, ["scripts/start.mjs", "--services", "peeps"], {
    cwd: root,
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: roost.stdout! })) {
    if (!line.includes("Roost is up")) continue;
    await run("./roost", ["link"], { cwd: root, env: environment });
    return;
  }
  assert.fail("npm start ended before Roost was up");
});

after(async () => {
  roost.kill("SIGTERM");
  if (roost.exitCode === null && roost.signalCode === null) await once(roost, "exit");
  await rm(place, { recursive: true, force: true });
});

test("README.md has a tour", () => assert.ok(commands.length >= 8, `only ${commands.length} commands were found`));

for (const command of commands) {
  test(`README.md: ${command}`, { timeout: commandMsMax }, async () => {
    const { stdout } = await run("sh", ["-c", command], { cwd: root, env: environment, timeout: commandMsMax });
    assert.notEqual(stdout.trim(), "", "it printed nothing");
    assert.doesNotMatch(stdout, /\[object Object\]|undefined|NaN/);
    for (const [asked, shown] of expected) if (command.includes(asked)) assert.match(stdout, shown);
  });
}
