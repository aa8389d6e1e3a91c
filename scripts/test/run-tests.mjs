// Runs tests on the pinned Node against one PostgreSQL that is thrown away afterwards. Types, lint, format and dead
// code are tests of `npm run test:all` (test/checks.long.test.ts).
import {
  appendFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, constants } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { openTestCluster } from "@roost/database/testing";
import { compileCache, root } from "../bootstrap/run-entry.mjs";
import { createFailureList } from "./describe-failures.mjs";
import { entryOf, planProcesses, roomOf } from "./plan-processes.mjs";
import { readProcessorSeconds } from "./read-processor-seconds.mjs";

const patterns = [
  "test/**/*.test.ts",
  "packages/*/src/**/*.test.ts",
  "services/*/**/*.test.ts",
  "apps/*/src/**/*.test.ts",
  "bench/src/**/*.test.ts",
  "scripts/**/*.test.mjs",
];
const commands = { normal: "npm test", long: "npm run test:all", distributed: "npm run test:distributed" };
/** For one test, against those that hang. The longest of the long ones lives through a week of a home, on slow machines too. */
const testMsMax = { normal: 300_000, long: 1_200_000, distributed: 1_200_000 };
/** For all: a process whose tests have ended may stay for what a test that hung has left open. Well above what the slowest machine took. */
const wholeMsMax = { normal: 1_500_000, long: 2_700_000, distributed: 1_500_000 };
/** More processes at once than cores: many of them wait for processes that they have started, and for leases to end. */
const processesBesideCores = 3;
/** What files that share a process take, of what all files of `npm test` take: the times may be those of a busy machine. */
const sharedPartMax = 1 / 16;
const longestShown = 5;
const mostExpensiveShown = 10;
const fileTimes = join(root, "scripts/test/file-times.json");
const entriesParent = join(root, "node_modules/.roost/test-entries");
/**
 * Suites that `npm test` leaves out: `npm run test:all` runs those that look longer at what shorter ones already hold, `npm run test:distributed`
 * those that need real servers beside what npm brings.
 */
const kindOf = (file) => /\.(long|distributed)\.test\.(?:ts|mjs)$/.exec(file)?.[1] ?? "normal";

const { choice, paths, isRecording, kind } = readArguments();
const measured = readFileTimes();
if (kind === "distributed") await installAllParts();
const files = listTestFiles(paths);
if (files.length === 0) {
  console.error(`no test below ${paths.join(" ") || root}: name a directory or a *.test.ts file, relative to ${root}`);
  process.exit(64);
}
const startedMs = performance.now();
const times = new Map();
const processorTimes = new Map();
const failures = createFailureList({ root });
process.exitCode = await runTests(files, choice);
if (kind === "distributed" && paths.length === 0) process.exitCode ||= await runOnOldest();
printTimes();
printMostExpensive();
if (kind === "normal" && paths.length === 0) printLeftOut();
if (isRecording) writeFileTimes({ ...measured, ...Object.fromEntries(times) });
tellFailures();

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        "test-name-pattern": { type: "string", multiple: true },
        "test-only": { type: "boolean" },
        long: { type: "boolean", default: false },
        distributed: { type: "boolean", default: false },
        record: { type: "boolean", default: false },
      },
    });
    const { "test-name-pattern": testNamePatterns, "test-only": only, long, distributed, record } = values;
    const choice = { ...(testNamePatterns && { testNamePatterns }), ...(only && { only }) };
    const kind = distributed ? "distributed" : long ? "long" : "normal";
    return { paths: positionals, choice, isRecording: record, kind };
  } catch (error) {
    console.error(
      `${error.message}\nusage: npm test -- [PATH ...] [--test-name-pattern PATTERN ...] [--test-only] [--long | --distributed] [--record]`,
    );
    process.exit(64);
  }
}

/** Of every kind. */
function findTestFiles() {
  return globSync(patterns, { cwd: root, exclude: (name) => name === "node_modules" });
}

function listTestFiles(wanted) {
  const found = findTestFiles();
  const normal = wanted.map((path) => path.replace(/^\.\//, "").replace(/\/+$/, ""));
  if (normal.length === 0) return found.filter((file) => kindOf(file) === kind);
  const isBelow = (file, path) => file.startsWith(`${path}/`) && kindOf(file) === kind;
  return found.filter((file) => normal.some((path) => file === path || isBelow(file, path)));
}

/** What owns SQL, once on the oldest PostgreSQL that there is here: everything else runs on the one that npm brings. */
async function runOnOldest() {
  const { requirePart } = await import("../../test/infra/parts.ts");
  const { startPostgres } = await import("../../test/infra/start-postgres.ts");
  const { skip } = await requirePart("postgres");
  if (skip !== false) return 0;
  await using postgres = await startPostgres({ durable: false });
  process.env.ROOST_TEST_DATABASE_URL = postgres.localUrl;
  const owners = findTestFiles().filter((file) => {
    const room = /^packages\/[^/]+/.exec(file)?.[0];
    return kindOf(file) === "normal" && room !== undefined && existsSync(join(root, room, "src/migrations"));
  });
  console.log(`${owners.length} files of what owns SQL, on the PostgreSQL of the system:`);
  return await runTests(owners, choice);
}

/** What `npm test` does not run, and why. */
function printLeftOut() {
  const counts = Object.groupBy(findTestFiles(), kindOf);
  console.log(
    `left out: ${counts.long?.length ?? 0} files that look longer at the same (npm run test:all), ${counts.distributed?.length ?? 0} that need a real Kafka, PostgreSQL, S3 server or several hosts (npm run test:distributed)`,
  );
}

/** Says what is there, and what is skipped and why. */
async function installAllParts() {
  const { installParts } = await import("../../test/infra/install-parts.ts");
  const { partNames } = await import("../../test/infra/parts.ts");
  await installParts(partNames, console.log);
}

/** What each process loads: a module that imports its files. */
function writeEntries(testFiles) {
  mkdirSync(entriesParent, { recursive: true });
  const directory = mkdtempSync(join(entriesParent, "run-"));
  const processorLog = join(directory, "processor.jsonl");
  writeFileSync(processorLog, "");
  const normal = Object.entries(measured).filter(([file]) => kindOf(file) === "normal");
  const wholeSeconds = normal.reduce((sum, [, seconds]) => sum + seconds, 0);
  const options = { secondsOf: (file) => measured[file], sharedSecondsMax: wholeSeconds * sharedPartMax };
  const entries = planProcesses(testFiles, options).map((shared, index) => {
    const entry = join(directory, `${index}-${shared[0].replaceAll("/", "-")}.mjs`);
    const located = shared.map((file) => ({ file, url: pathToFileURL(join(root, file)).href }));
    writeFileSync(entry, entryOf(located, processorLog));
    return entry;
  });
  return { entries, processorLog, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** Seconds by file, as `--record` wrote them. */
function readFileTimes() {
  return JSON.parse(readFileSync(fileTimes, "utf8"));
}

/** Files that are gone are left out. */
function writeFileTimes(all) {
  const kept = Object.entries(all).filter(([file]) => existsSync(join(root, file)));
  const sorted = kept.toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  writeFileSync(fileTimes, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
}

/** At the very end, where a record of continuous integration shows it; `.ci/run` says it once more behind its last suite. */
function tellFailures() {
  const text = failures.describe();
  if (text === "") return;
  console.log(`\n${text}`);
  const file = process.env.ROOST_TEST_FAILURES;
  if (file) appendFileSync(file, `${commands[kind]}: ${text}\n`);
}

/** Of each room, as seconds of its files one after the other; several go at once. */
function printTimes() {
  const entries = [...times].toSorted(([, a], [, b]) => b - a);
  const rooms = Object.entries(Object.groupBy(entries, ([file]) => roomOf(file)))
    .map(([room, files]) => ({ room, count: files.length, seconds: files.reduce((sum, [, each]) => sum + each, 0) }))
    .toSorted((a, b) => b.seconds - a.seconds);
  for (const { room, count, seconds } of rooms)
    console.log(`${seconds.toFixed(1).padStart(8)} s  ${room} (${count} ${count === 1 ? "file" : "files"})`);
  const longest = entries.slice(0, longestShown).map(([file, seconds]) => `${file} ${seconds} s`);
  const wholeS = Math.round((performance.now() - startedMs) / 1000);
  console.log(`${times.size} files in ${wholeS} s${describeProcessorTime()}; the longest: ${longest.join(", ")}`);
}

function noteProcessorTimes(log) {
  const lines = readFileSync(log, "utf8").split("\n").filter(Boolean);
  for (const { file, seconds } of lines.map((line) => JSON.parse(line))) processorTimes.set(file, seconds);
}

/** Without the share of PostgreSQL, which all files use. A busy machine makes files longer, and few of them more expensive. */
function printMostExpensive() {
  const most = [...processorTimes].filter(([, seconds]) => seconds > 0).toSorted(([, a], [, b]) => b - a);
  if (most.length === 0) return;
  const shown = most.slice(0, mostExpensiveShown).map(([file, seconds]) => `${file} ${seconds.toFixed(1)} s`);
  console.log(`the most of the processor, without PostgreSQL: ${shown.join(", ")}`);
}

/** Of this process and of all that it has waited for, PostgreSQL among them: what a run costs, however busy the machine is. */
function describeProcessorTime() {
  const seconds = readProcessorSeconds();
  return Number.isNaN(seconds) ? "" : `, ${Math.round(seconds)} s of the processor`;
}

async function runTests(testFiles, choice) {
  const given = process.env.ROOST_TEST_DATABASE_URL;
  await using cluster = given ? undefined : await openTestCluster();
  const stopped = new AbortController();
  let exitCode = 0;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      exitCode = 128 + constants.signals[signal];
      stopped.abort();
    });
  }
  const limit = setTimeout(() => {
    console.error(`not over after ${wholeMsMax[kind] / 60_000} minutes, stopped: a test hangs, or left something open`);
    exitCode ||= 1;
    stopped.abort();
  }, wholeMsMax[kind]);
  const { entries, processorLog, remove } = writeEntries(testFiles);
  // Not `node --test`, which would put the files in an order of its own.
  const events = run({
    ...choice,
    files: entries,
    cwd: root,
    concurrency: availableParallelism() + processesBesideCores,
    timeout: testMsMax[kind],
    signal: stopped.signal,
    env: { NODE_COMPILE_CACHE: compileCache, ...cleanEnvironment(), ROOST_TEST_DATABASE_URL: given || cluster.url },
  });
  const known = new Set(testFiles);
  const note = ({ nesting, name, details }) => {
    if (nesting === 0 && known.has(name)) times.set(name, Math.round(details.duration_ms / 100) / 10);
  };
  events.on("test:dequeue", failures.begin);
  events.on("test:complete", failures.end);
  events.on("test:stderr", failures.write);
  events.on("test:pass", note);
  events.on("test:fail", (test) => {
    exitCode ||= 1;
    failures.fail(test);
    note(test);
  });
  try {
    for await (const text of events.compose(new spec())) process.stdout.write(text);
  } finally {
    clearTimeout(limit);
    noteProcessorTimes(processorLog);
    remove();
  }
  return exitCode;
}

/** Tests see neither the person's own Roost nor their models and keys. */
function cleanEnvironment() {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    if (/^(ROOST_|OTEL_|OPENROUTER_API_KEY$|OPENAI_API_KEY$|DATABASE_URL$|NODE_TEST_CONTEXT$|npm_)/.test(name))
      delete env[name];
  }
  return env;
}
