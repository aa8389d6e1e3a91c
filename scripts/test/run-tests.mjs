// Runs tests on the pinned Node against one PostgreSQL that is thrown away afterwards. Types, lint, format and dead
// code are tests too (test/checks.test.ts), so that the runner's closing summary is the whole answer.
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, constants } from "node:os";
import { join, relative } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";
import { openTestCluster } from "@roost/database/testing";
import { compileCache, root } from "../bootstrap/run-entry.mjs";

const patterns = [
  "test/**/*.test.ts",
  "packages/*/src/**/*.test.ts",
  "apps/*/src/**/*.test.ts",
  "bench/src/**/*.test.ts",
  "scripts/**/*.test.mjs",
];
/** For one test, and for one file of tests: against those that hang. The longest lives through a week of a home, on slow machines too. */
const testMsMax = 1_200_000;
/** More files at once than cores: many of them wait for processes that they have started, and for leases to end. */
const filesBesideCores = 2;
const longestShown = 5;
const fileTimes = join(root, "scripts/test/file-times.json");
/** Suites that `npm test` leaves out, because they look longer at what shorter ones already hold: `npm run test:all` runs them. */
const isLong = (file) => /\.long\.test\.(ts|mjs)$/.test(file);

const { choice, paths, isRecording, isLongWanted } = readArguments();
const measured = readFileTimes();
const files = listTestFiles(paths);
if (files.length === 0) {
  console.error(`no test below ${paths.join(" ") || root}: name a directory or a *.test.ts file, relative to ${root}`);
  process.exit(64);
}
const startedMs = performance.now();
const times = new Map();
process.exitCode = await runTests(files, choice);
printTimes();
if (isRecording) writeFileTimes({ ...measured, ...Object.fromEntries(times) });

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        "test-name-pattern": { type: "string", multiple: true },
        "test-only": { type: "boolean" },
        long: { type: "boolean", default: false },
        record: { type: "boolean", default: false },
      },
    });
    const { "test-name-pattern": testNamePatterns, "test-only": only, long, record } = values;
    const choice = { ...(testNamePatterns && { testNamePatterns }), ...(only && { only }) };
    return { paths: positionals, choice, isRecording: record, isLongWanted: long };
  } catch (error) {
    console.error(
      `${error.message}\nusage: npm test -- [PATH ...] [--test-name-pattern PATTERN ...] [--test-only] [--long] [--record]`,
    );
    process.exit(64);
  }
}

/** The longest first, so that nothing runs alone at the end; what was never measured may be the longest of all. */
function listTestFiles(wanted) {
  const found = globSync(patterns, { cwd: root, exclude: (name) => name === "node_modules" });
  const timeOf = (file) => measured[file] ?? Infinity;
  const ordered = found.toSorted((a, b) => timeOf(b) - timeOf(a) || (a < b ? -1 : 1));
  const normal = wanted.map((path) => path.replace(/^\.\//, "").replace(/\/+$/, ""));
  if (normal.length === 0) return ordered.filter((file) => isLong(file) === isLongWanted);
  const isBelow = (file, path) => file.startsWith(`${path}/`) && isLong(file) === isLongWanted;
  return ordered.filter((file) => normal.some((path) => file === path || isBelow(file, path)));
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

function printTimes() {
  const longest = [...times].toSorted(([, a], [, b]) => b - a).slice(0, longestShown);
  const wholeS = Math.round((performance.now() - startedMs) / 1000);
  console.log(
    `${times.size} files in ${wholeS} s; the longest: ${longest.map(([file, s]) => `${file} ${s} s`).join(", ")}`,
  );
}

async function runTests(testFiles, choice) {
  const given = process.env.ROOST_TEST_DATABASE_URL;
  await using cluster = given ? undefined : await openTestCluster();
  const stopped = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      exitCode = 128 + constants.signals[signal];
      stopped.abort();
    });
  }
  let exitCode = 0;
  // Not `node --test`, which would put the files in an order of its own.
  const events = run({
    ...choice,
    files: testFiles.map((file) => join(root, file)),
    cwd: root,
    concurrency: availableParallelism() + filesBesideCores,
    timeout: testMsMax,
    signal: stopped.signal,
    env: { NODE_COMPILE_CACHE: compileCache, ...cleanEnvironment(), ROOST_TEST_DATABASE_URL: given ?? cluster.url },
  });
  events.on("test:fail", () => (exitCode ||= 1));
  // One for each file, and one for all of them together.
  events.on("test:summary", ({ file, duration_ms: durationMs }) => {
    if (file !== undefined) times.set(relative(root, file), Math.round(durationMs / 100) / 10);
  });
  for await (const text of events.compose(new spec())) process.stdout.write(text);
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
