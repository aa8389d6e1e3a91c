// The installer with a fake npm that puts down packages as the lockfile names them. Everything else is real: processes, locks, files, kill -9.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "@roost/base/testing/until";

const program = fileURLToPath(new URL("testing/ensure-installed-program.mjs", import.meta.url));
const npm = fileURLToPath(new URL("testing/npm-cli.js", import.meta.url));
const nodePackage = `node_modules/node-${process.platform}-${process.arch}`;

/** A clone with three packages, one of them Node and one for another platform. */
async function createClone(context, change = {}) {
  const root = await mkdtemp(join(tmpdir(), "roost-clone-"));
  context.after(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));
  const packages = {
    "": { name: "roost" },
    "node_modules/bird": { version: "1.0.0" },
    [nodePackage]: { version: "24.0.0", optional: true, os: [process.platform], cpu: [process.arch] },
    "node_modules/bird-aix": { version: "1.0.0", optional: true, os: ["aix"] },
    ...change,
  };
  const name = `node-${process.platform}-${process.arch}`;
  await writeFile(join(root, "package.json"), JSON.stringify({ optionalDependencies: { [name]: "24.0.0" } }));
  await writeFile(join(root, "package-lock.json"), JSON.stringify({ packages }));
  return root;
}

/** @param {string} order what the fake npm does: see testing/npm-cli.js */
function start(root, order = "") {
  const child = spawn(process.execPath, [program, root], {
    env: { ...process.env, npm_execpath: npm, NPM_ORDER: order },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { child, ended: ended.then(([out, err, [code]]) => ({ out: out.trim(), err, code })) };
}

const run = (root, order) => start(root, order).ended;
const installs = async (root) => (await readFile(join(root, "npm-runs"), "utf8").catch(() => "")).length;

test("ensureInstalled() installs once, and then starts nothing", async (context) => {
  const root = await createClone(context);
  const first = await run(root);
  assert.equal(first.code, 0, first.err);
  assert.equal(first.out, join(root, nodePackage, "bin/node"));
  assert.match(first.err, /Installing packages.* 2 of 2/);
  const second = await run(root, "fail");
  assert.deepEqual(second, { out: first.out, err: "", code: 0 });
  assert.equal(await installs(root), 1);
});

test("ensureInstalled() installs again when the lockfile has changed", async (context) => {
  const root = await createClone(context);
  await run(root);
  const lockfile = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8"));
  lockfile.packages["node_modules/bird"].version = "2.0.0";
  await writeFile(join(root, "package-lock.json"), JSON.stringify(lockfile));
  const again = await run(root);
  assert.equal(again.code, 0);
  assert.match(again.err, /^Installing packages.*: 0 of 2\n/, "what the lockfile of before had is not counted");
  assert.equal(await installs(root), 2);
});

test("ensureInstalled() takes what the person's own npm ci has put there", async (context) => {
  const root = await createClone(context);
  await run(root);
  await rm(join(root, "node_modules/.roost"), { recursive: true });
  assert.equal((await run(root, "fail")).code, 0);
  assert.equal(await installs(root), 1);
});

test("ensureInstalled() does an install again that was killed in the middle", async (context) => {
  const root = await createClone(context);
  const killed = start(root, "stall");
  await until(() => existsSync(join(root, "node_modules/bird/package.json")));
  killed.child.kill("SIGKILL");
  await once(killed.child, "exit");
  const npmPid = Number(await readFile(join(root, "npm-pid"), "utf8"));
  const again = start(root);
  await once(again.child.stderr, "readable");
  assert.equal(await installs(root), 1, "it waits for the npm that is still at work");
  process.kill(npmPid, "SIGKILL");
  const { code, err } = await again.ended;
  assert.equal(code, 0, err);
  assert.match(err, new RegExp(`Waiting for process ${npmPid}`));
  assert.equal(await installs(root), 2);
});

test("ensureInstalled() does an install again whose packages are newer than its end", async (context) => {
  const root = await createClone(context);
  await run(root);
  await rm(join(root, "node_modules/.roost"), { recursive: true });
  await utimes(join(root, "node_modules/bird"), new Date(), new Date(Date.now() + 60_000));
  await run(root);
  assert.equal(await installs(root), 2);
});

test("ensureInstalled() lets one of several processes install while the others wait", async (context) => {
  const root = await createClone(context);
  const all = await Promise.all(Array.from({ length: 4 }, () => run(root, "slow")));
  assert.deepEqual(
    all.map(({ code }) => code),
    [0, 0, 0, 0],
    all.map(({ err }) => err).join(),
  );
  assert.equal(await installs(root), 1);
  assert.ok(all.some(({ err }) => /Waiting for process \d+, which is installing/.test(err)));
});

test("ensureInstalled() says which package could not be downloaded, and tries again the next time", async (context) => {
  const root = await createClone(context);
  const left = await run(root, "leave bird");
  assert.equal(left.code, 1);
  assert.match(left.err, /npm could not download bird@1\.0\.0: check the network and run this again/);
  assert.equal((await run(root)).code, 0);
});

test("ensureInstalled() turns npm's failure into what to do", async (context) => {
  const root = await createClone(context);
  const cases = [
    ["ENOTFOUND", /cannot reach its package registry/],
    ["ENOSPC", /disk is full/],
    ["EACCES", /not allowed to write/],
    ["EINTEGRITY", /does not match the lockfile/],
    ["EELSE", /npm failed: its output is below/],
  ];
  for (const [code, expected] of cases) {
    const { err, code: exitCode } = await run(root, `error ${code}`);
    assert.equal(exitCode, 1);
    assert.match(err, expected);
    assert.match(err, new RegExp(`npm error code ${code}`));
    assert.match(err, /full output in .*npm\.log/);
  }
});

test("ensureInstalled() works without the install scripts of packages, and for production shells", async (context) => {
  const root = await createClone(context);
  await run(root);
  const args = await readFile(join(root, "npm-arguments"), "utf8");
  assert.match(args, /^ci --ignore-scripts --include=dev --include=optional /);
});

test("ensureInstalled() gives up the lock of a process that was killed", async (context) => {
  const root = await createClone(context);
  await mkdir(join(root, ".install"));
  await writeFile(join(root, ".install", `${process.pid}-00000000.1.claim`), "");
  assert.equal((await run(root)).code, 0);
});
