// Runs tests on the pinned Node against one PostgreSQL that is thrown away afterwards. Types, lint, format and dead
// code are tests too (test/checks.test.ts), so that the runner's closing summary is the whole answer.
import { globSync } from "node:fs";
import { availableParallelism, constants } from "node:os";
import { join } from "node:path";
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
/** What takes longest, the longest first: it begins before all others, so that nothing runs alone at the end. */
const longFiles = [
  "test/week/week.test.ts",
  "test/chaos/chaos.test.ts",
  "bench/src/main.test.ts",
  "packages/worker/src/bounded-spend.test.ts",
  "test/mutation/mutation.test.ts",
  "packages/worker/src/main.test.ts",
  "test/scenarios/killed-between-events.test.ts",
  "packages/rehearsal/src/rehearse.test.ts",
  "packages/kernel/src/simulation/simulate.test.ts",
  "test/checks.test.ts",
  "test/readme-tour.test.ts",
  "packages/rehearsal/src/main.test.ts",
  "packages/database/src/embedded/open-embedded-postgres.test.ts",
  "apps/cli/src/commands/lock.test.ts",
];

const { choice, paths } = readArguments();
const files = listTestFiles(paths);
if (files.length === 0) {
  console.error(`no test below ${paths.join(" ") || root}: name a directory or a *.test.ts file, relative to ${root}`);
  process.exit(64);
}
process.exitCode = await runTests(files, choice);

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { "test-name-pattern": { type: "string", multiple: true }, "test-only": { type: "boolean" } },
    });
    const { "test-name-pattern": testNamePatterns, "test-only": only } = values;
    return { paths: positionals, choice: { ...(testNamePatterns && { testNamePatterns }), ...(only && { only }) } };
  } catch (error) {
    console.error(`${error.message}\nusage: npm test -- [PATH ...] [--test-name-pattern PATTERN ...] [--test-only]`);
    process.exit(64);
  }
}

function listTestFiles(wanted) {
  const found = globSync(patterns, { cwd: root, exclude: (name) => name === "node_modules" }).toSorted();
  const gone = longFiles.find((file) => !found.includes(file));
  if (gone !== undefined) throw new Error(`${gone} is gone: take it from longFiles, or give its new name`);
  const all = [...new Set([...longFiles, ...found])];
  const normal = wanted.map((path) => path.replace(/^\.\//, "").replace(/\/+$/, ""));
  return normal.length === 0
    ? all
    : all.filter((file) => normal.some((path) => file === path || file.startsWith(`${path}/`)));
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
