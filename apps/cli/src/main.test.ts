import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import { textWidth } from "@roost/base/text-width";
import { runRoost } from "./testing/run-roost.ts";
import { startRoost } from "./testing/start-roost.ts";
import {
  nothingBelow,
  someActivity,
  someJob,
  someRun,
  someRunId,
  someSource,
  someStatus,
  someSummary,
  someTime,
} from "./testing/records.ts";
import { serveGateway } from "./testing/serve-gateway.ts";

test("roost suggests the nearest command and exits with 64", async () => {
  for (const [args, nearest] of [
    [["pss"], "ps"],
    [["jobs", "lst"], "list"],
    [["run", "shw", "x"], "show"],
  ] as const) {
    const { code, stderr, stdout } = await runRoost(args);
    assert.deepEqual([code, stdout], [64, ""]);
    assert.match(stderr, new RegExp(`did you mean ${nearest}\\?`, "i"));
  }
});

test("roost names the command that was meant by another word", async () => {
  for (const [args, meant] of [
    [["init"], "roost up"],
    [["settings"], "roost config"],
    [["version"], "roost --version"],
    [["runs", "list"], "roost runs"],
    [["runs", "show", "last"], "roost run show"],
    [["session"], "sessions"],
  ] as const) {
    const { code, stderr } = await runRoost(args);
    assert.equal(code, 64);
    assert.match(stderr, new RegExp(`did you mean (?:\\S*/)?${meant}\\?`));
  }
});

test("roost tells a wrong use as JSON with --json", async () => {
  for (const [args, part] of [
    [["ask", "--json", "--no-such", "x"], "unknown option '--no-such'"],
    [["run", "fork", "last", "--json"], "required option '--from <step>' not specified"],
    [["jbos", "--json"], "did you mean jobs?"],
    [["run", "--json"], "a command is missing"],
    [["service", "enable", "a", "b", "--json"], "too many arguments for 'enable'"],
  ] as const) {
    const { code, stdout, stderr } = await runRoost(args);
    assert.deepEqual([code, stdout], [64, ""]);
    const { error } = JSON.parse(stderr) as { error: { code: string; message: string; exitCode: number } };
    assert.deepEqual([error.code, error.exitCode], ["invalid_input", 64]);
    assert.ok(error.message.includes(part), error.message);
  }
});

test("roost names the option whose value is wrong, not the operation", async () => {
  await using gateway = await serveGateway({});
  for (const [args, message] of [
    [["rehearse", "--hours", "169"], "--hours is at most 168"],
    [["run", "fork", someRunId, "--from", "0"], "--from is at least 1"],
    [["lock", "a", "--ttl", "100d", "--", "true"], "--ttl is at most 1d"],
    [["reserve", "--threshold", "2", "x"], "--threshold is at most 1"],
    [["lock", "", "--", "true"], "<name> is empty"],
    [["once", "-k", "", "--", "true"], "--key is empty"],
  ] as const) {
    const { code, stderr } = await runRoost(args, gateway);
    assert.deepEqual([code, stderr], [64, `roost: ${message}\n`]);
  }
});

test("roost says in a line what is wrong, without a stack, and more with --debug", async () => {
  const gone = await serveGateway({});
  await gone[Symbol.asyncDispose]();
  const short = await runRoost(["status"], gone);
  assert.equal(short.code, 69);
  assert.match(short.stderr, /^roost: .*cannot be reached.*\n$/);
  const long = await runRoost(["status", "--debug"], gone);
  assert.match(long.stderr, /\n {4}at /);
});

test("roost exits by the error's code and tells it as JSON with --json", async () => {
  await using gateway = await serveGateway({
    getRun: () => {
      throw new RoostError("not_found", "There is no such run");
    },
    retryRun: () => {
      throw new RoostError("conflict", "It is not over");
    },
  });
  const missing = await runRoost(["run", "show", someRunId, "--json"], gateway);
  assert.deepEqual([missing.code, missing.stdout], [66, ""]);
  const { error } = JSON.parse(missing.stderr) as { error: Record<string, unknown> };
  assert.deepEqual([error["code"], error["message"], error["exitCode"]], ["not_found", "There is no such run", 66]);
  assert.equal((await runRoost(["run", "retry", someRunId], gateway)).code, 73);
  const stranger = await runRoost(["status"], { url: gateway.url, environment: { ROOST_TOKEN: "another" } });
  assert.equal(stranger.code, 77);
});

test("roost tells as JSON what a program that it starts says of its failure", async () => {
  const home = await mkdtemp(join(tmpdir(), "roost-main-"));
  try {
    for (const [command, extra, expected] of [
      ["down", {}, { code: "not_found", exitCode: 66, message: /is not running for/ }],
      ["up", { ROOST_WORKERS: "0" }, { code: "invalid_input", exitCode: 64, message: /^ROOST_WORKERS is "0"/ }],
    ] as const) {
      const { code, stdout, stderr } = await runRoost([command, "--json"], {
        environment: { ROOST_HOME: home, ...extra },
      });
      assert.deepEqual([code, stdout], [expected.exitCode, ""]);
      const { error } = JSON.parse(stderr) as { error: { code: string; message: string; exitCode: number } };
      assert.deepEqual([error.code, error.exitCode], [expected.code, expected.exitCode]);
      assert.match(error.message, expected.message);
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});

test("roost without a home that runs says how to start it", async () => {
  const { code, stderr } = await runRoost(["ps"]);
  assert.equal(code, 69);
  assert.match(stderr, /start it with \S*roost up/);
});

test("roost ps prints one document with --json, and tables that fit", async () => {
  await using gateway = await serveGateway({
    listActivity: () => ({
      at: someSummary().createdAt,
      items: [someActivity({ title: "\u001b[2Jevil", why: "w".repeat(300) })],
      next: null,
    }),
  });
  const json = await runRoost(["ps", "--json"], gateway);
  assert.equal((JSON.parse(json.stdout) as { rows: unknown[] }).rows.length, 1);
  for (const columns of [40, 80, 120]) {
    const { stdout, code } = await runRoost(["ps"], { ...gateway, environment: { COLUMNS: String(columns) } });
    assert.equal(code, 0);
    assert.ok(!stdout.includes("\u001b"), "neither colours in a pipe nor sequences from outside");
    for (const line of stdout.split("\n")) assert.ok(textWidth(line) <= columns, line);
  }
});

test("roost status, ps and jobs list say first what fails, in red", async () => {
  const text = "Job mail failed 3 times: no disk (roost log why 1)";
  const failing = { since: someTime, count: 3, reason: "no disk", runId: someRunId };
  await using gateway = await serveGateway({
    getStatus: () => someStatus({ alarms: [{ code: "job_failing", text, since: someTime }] }),
    getSources: () => ({ sources: [someSource()] }),
    listActivity: () => ({ at: someTime, items: [someActivity()], next: null }),
    listJobs: () => ({ items: [someJob({ failing })], next: null, unreadable: [] }),
  });
  const environment = { FORCE_COLOR: "1", COLUMNS: "200" };
  for (const command of ["status", "ps"]) {
    const { stdout } = await runRoost([command], { ...gateway, environment });
    assert.ok(stdout.startsWith("\u001b[31m! Job mail failed 3 times: no disk"), stdout);
    const narrow = await runRoost([command], { ...gateway, environment: { COLUMNS: "40" } });
    for (const line of narrow.stdout.split("\n")) assert.ok(textWidth(line) <= 40, line);
    assert.match(narrow.stdout, /^! Job mail failed 3 times: no disk\n/);
  }
  const { stdout: status } = await runRoost(["status"], { ...gateway, environment: { COLUMNS: "200" } });
  assert.match(
    status,
    /work imaps:\/\/eva@mail\.example\.org looked at .*, no heartbeat is due, 7 left for later looks\n/,
  );
  assert.match(status, / failed 2 times: the server says no\n.* left out: Each second: no end\n/);
  const { stdout } = await runRoost(["jobs", "list"], { ...gateway, environment });
  assert.ok(stdout.includes("\u001b[31mfailed 3 times, first "), stdout);
  const json = JSON.parse((await runRoost(["ps", "--json"], gateway)).stdout) as { alarms: unknown[] };
  assert.equal(json.alarms.length, 1);
});

test("roost colours only when it is asked to where no terminal shows it", async () => {
  await using gateway = await serveGateway({ listRuns: () => ({ items: [someSummary()], next: null }) });
  const forced = await runRoost(["runs"], { ...gateway, environment: { FORCE_COLOR: "1" } });
  assert.ok(forced.stdout.includes("\u001b["));
  const both = await runRoost(["runs"], { ...gateway, environment: { FORCE_COLOR: "1", NO_COLOR: "" } });
  assert.ok(both.stdout.includes("\u001b["), "an empty NO_COLOR is none (no-color.org)");
  const none = await runRoost(["runs"], { ...gateway, environment: { FORCE_COLOR: "1", NO_COLOR: "1" } });
  assert.ok(!none.stdout.includes("\u001b["));
});

test("roost takes the end of an id for the whole", async () => {
  await using gateway = await serveGateway({
    listRuns: () => ({
      items: [someSummary(), someSummary({ id: "0197a3c0-0000-7000-8000-0000ffffc3d4" })],
      next: null,
    }),
    getRun: ({ runId }) => ({
      run: someRun({ id: runId }),
      steps: { items: [], next: null },
      waits: [],
      holds: [],
      below: nothingBelow,
    }),
  });
  assert.match((await runRoost(["run", "show", "a1b2c3d4"], gateway)).stdout, new RegExp(someRunId));
  assert.equal((await runRoost(["run", "show", "c3d4"], gateway)).code, 73);
  assert.equal((await runRoost(["run", "show", "nothing"], gateway)).code, 66);
});

test("roost ends quietly when its reader has read enough", async () => {
  await using gateway = await serveGateway({
    listRuns: () => ({ items: Array.from({ length: 500 }, () => someSummary({ title: "t".repeat(190) })), next: null }),
  });
  const run = startRoost(["runs", "--last", "500", "--json"], gateway);
  run.child.stdout?.once("data", () => run.child.stdout?.destroy());
  const { code, stderr } = await run.ended;
  assert.equal(code, 0);
  assert.doesNotMatch(stderr, /roost:|EPIPE|Error/);
});

test("roost doctor works when nothing runs and says what to do", async () => {
  const { code, stdout } = await runRoost(["doctor", "--json"]);
  assert.equal(code, 1);
  const { isWell, checks } = JSON.parse(stdout) as {
    isWell: boolean;
    checks: { name: string; state: string; advice?: string | undefined }[];
  };
  assert.equal(isWell, false);
  assert.deepEqual(
    checks.filter(({ state }) => state === "bad").map(({ name }) => name),
    ["home", "owner", "token", "gateway"],
  );
});

test("roost doctor says why agents can run no programs here, and what to do", async () => {
  const empty = await mkdtemp(join(tmpdir(), "roost-doctor-"));
  const { stdout } = await startRoost(["doctor"], { environment: { PATH: empty } }).ended;
  await rm(empty, { recursive: true });
  if (process.platform === "linux")
    assert.match(
      stdout,
      /! +sandbox +agents cannot run programs: bubblewrap is not\s+installed\s+→ +install it: apt install bubblewrap/,
    );
  else assert.match(stdout, /! +sandbox +agents cannot run programs: there is no sandbox for/);
});

test("roost doctor shows why the last start was refused, such as an extension that an administrator has to create", async () => {
  const home = await mkdtemp(join(tmpdir(), "roost-doctor-"));
  const statement = `have a superuser of this database run "create extension if not exists pg_trgm with schema public", then start again`;
  await mkdir(join(home, ".roost"));
  await writeFile(
    join(home, ".roost/refusal.json"),
    JSON.stringify({ at: "2026-01-01T00:00:00.000Z", code: "forbidden", message: statement }),
  );
  const { stdout } = await runRoost(["doctor", "--json"], { environment: { ROOST_HOME: home } });
  await rm(home, { recursive: true });
  const { checks } = JSON.parse(stdout) as { checks: { name: string; text: string; advice?: string | undefined }[] };
  const owner = checks.find(({ name }) => name === "owner");
  assert.match(owner?.text ?? "", /not running for this home: its last start was refused \d+d.* ago/);
  assert.equal(owner?.advice, statement);
});

test("roost help tells every exit code", async () => {
  const { stdout, code } = await runRoost(["help", "exit-codes"]);
  assert.equal(code, 0);
  for (const known of ["64", "69", "73", "77", "80", "81", "82", "83", "126", "127"])
    assert.match(stdout, new RegExp(`^${known} `, "m"));
});

test("roost takes --version for the command's own option after its name", async () => {
  const { stdout } = await runRoost(["--version"]);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  await using gateway = await serveGateway({ listJobVersions: () => ({ items: [], next: null }) });
  const shown = await runRoost(["jobs", "show", "blog-writer", "--version", "9"], gateway);
  assert.doesNotMatch(shown.stdout, /^\d+\.\d+\.\d+/);
  assert.match(shown.stderr, /blog-writer has no version 9/);
});

test("roost jobs show prints what a job is for, and so why one that was brought along could not be read", async () => {
  const job = someJob();
  job.definition = {
    ...job.definition,
    tools: ["notify"],
    budget: { usdMax: 0.5, tokensMax: 300_000 },
    description: "it could not be read: no schedule\nSecond line.",
  };
  const listTicks = () => ({ items: [], next: null });
  const getStatus = () => someStatus();
  await using gateway = await serveGateway({ getJob: () => ({ job, ticks: [] }), listTicks, getStatus });
  const { stdout, stderr } = await runRoost(["jobs", "show", job.id], gateway);
  assert.equal(stderr, "");
  assert.match(stdout, /tools +notify\nbudget +\$0\.50, 300\.0k tokens\n/);
  assert.match(stdout, /about +it could not be read: no schedule\n +Second line\./);
});
