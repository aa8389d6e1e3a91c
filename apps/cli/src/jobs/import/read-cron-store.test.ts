import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { readCronStore } from "./read-cron-store.ts";

const noInput = { readInput: async () => "" };

async function makeHome(files: Record<string, string> = {}) {
  const directory = await mkdtemp(join(tmpdir(), "roost-import-"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

const job = (fields: object) => ({ schedule: { kind: "cron", expr: "0 6 * * *" }, payload: { kind: "x" }, ...fields });
const store = (...jobs: unknown[]) => JSON.stringify({ version: 1, jobs });

/** The tables as 2026.9.6 makes them, left open: what is written stands in the log beside the file. */
async function makeDatabase(home: string, rows: [id: string, json: string][], checklist?: string) {
  await mkdir(join(home, "state"), { recursive: true });
  const database = new DatabaseSync(join(home, "state/openclaw.sqlite"));
  database.exec(`pragma journal_mode = wal;
    create table cron_jobs (store_key text not null, job_id text not null, name text not null, enabled integer not null, payload_kind text not null,
      job_json text not null, state_json text not null default '{}', sort_order integer not null default 0, updated_at integer not null,
      primary key (store_key, job_id)) strict;
    create table cron_job_scratch (store_key text not null, job_id text not null, content text, revision integer not null, updated_at_ms integer not null,
      primary key (store_key, job_id)) strict;`);
  const insert = database.prepare("insert into cron_jobs values ('k', ?, 'n', 1, 'agentTurn', ?, ?, ?, 0)");
  for (const [index, [id, json]] of rows.entries()) insert.run(id, json, '{"nextRunAtMs":5}', index);
  if (checklist !== undefined)
    database.prepare("insert into cron_job_scratch values ('k', 'heartbeat', ?, 1, 0)").run(checklist);
  return { [Symbol.dispose]: () => database.close() };
}

test("readCronStore() finds the file in a home, in its cron directory, and by its own name", async () => {
  await using home = await makeHome({ "cron/jobs.json": store(job({ id: "a" }), job({ jobId: "old" })) });
  for (const path of ["", "cron", "cron/jobs.json"]) {
    const { jobs } = await readCronStore(join(home.directory, path), noInput);
    assert.deepEqual(
      jobs.map(({ id }) => id),
      ["a", "old"],
    );
  }
  await assert.rejects(readCronStore(tmpdir(), noInput), {
    code: "not_found",
    message: /automations list --all --json/,
  });
});

test("readCronStore() takes the list that the later versions print, from a file or piped in", async () => {
  const list = JSON.stringify({ jobs: [job({ id: "a", configRevision: "r", status: "idle" })], total: 1 });
  await using home = await makeHome({ "export.json": list });
  for (const path of [join(home.directory, "export.json"), "-"]) {
    const read = await readCronStore(path, { readInput: async () => list });
    assert.deepEqual(
      read.jobs.map(({ id }) => id),
      ["a"],
    );
  }
});

test("readCronStore() reads the database of the later versions, what its log holds too, and writes nothing beside it", async () => {
  await using home = await makeHome({ "cron/jobs.json": store(job({ id: "of-the-file" })) });
  using _open = await makeDatabase(
    home.directory,
    [
      ["a", JSON.stringify(job({ id: "a", name: "A" }))],
      ["torn", '{"id":"torn", "sched'],
      ["b", JSON.stringify(job({ id: "b", payload: { kind: "heartbeat" }, name: "heartbeat-main" }))],
      [
        "c",
        JSON.stringify(
          job({ payload: { kind: "agentTurn", message: "__openclaw_memory_core_rem_sleep__" }, name: "REM" }),
        ),
      ],
      ["d", JSON.stringify(job({ declarationKey: "skill-collection-review:main", name: "review" }))],
    ],
    "- [ ] look at the mail",
  );
  const before = await readdir(join(home.directory, "state"));
  const read = await readCronStore(home.directory, noInput);
  assert.deepEqual(
    read.jobs.map(({ id, state }) => [id, state?.nextRunAtMs]),
    [["a", 5]],
  );
  assert.deepEqual(
    read.unreadable.map(({ id }) => id),
    ["torn"],
  );
  assert.deepEqual(read.internal, ["heartbeat-main", "REM", "review"]);
  assert.deepEqual(read.checklists, ["- [ ] look at the mail"]);
  assert.deepEqual(await readdir(join(home.directory, "state")), before);
});

test("readCronStore() takes the file of a home whose database has no job", async () => {
  await using home = await makeHome({ "cron/jobs.json": store(job({ id: "a" })) });
  using _open = await makeDatabase(home.directory, []);
  assert.equal((await readCronStore(home.directory, noInput)).jobs[0]?.id, "a");
});

test("readCronStore() takes the file of a home whose database cannot be read, and says so", async () => {
  await using home = await makeHome({
    "state/openclaw.sqlite": "SQLite format 3\0 and then nothing",
    "cron/jobs.json": store(job({ id: "a" })),
  });
  const { jobs, refused } = await readCronStore(home.directory, noInput);
  assert.equal(jobs[0]?.id, "a");
  assert.match(refused.join(), /openclaw\.sqlite cannot be read.*jobs\.json are taken, which may be older/);
});

test("readCronStore() lets a job that cannot be read cost itself only, and reads what was written before and by hand", async () => {
  await using home = await makeHome({
    "jobs.json": store(
      job({ id: "a" }),
      { id: "no-payload", schedule: { kind: "cron" } },
      job({}),
      job({ id: "a", name: "another" }),
      job({ id: "a" }),
      null,
      job({ id: "b", enabled: "yes" }),
      job({ id: "c", agentId: null, name: null, schedule: { kind: "every", everyMs: "3600000" }, enabled: "false" }),
      { id: "d", schedule: { cron: "0 6 * * *", tz: null }, message: "go" },
      { id: "e", schedule: { at: 1_780_000_000_000 }, text: "go" },
    ),
  });
  const { jobs, unreadable } = await readCronStore(home.directory, noInput);
  assert.deepEqual(
    jobs.map(({ id, schedule, payload, enabled }) => [id, schedule, payload.kind, enabled]),
    [
      ["a", job({}).schedule, "x", undefined],
      ["c", { kind: "every", everyMs: 3_600_000 }, "x", false],
      ["d", { kind: "cron", expr: "0 6 * * *" }, "agentTurn", undefined],
      ["e", { kind: "at", atMs: 1_780_000_000_000 }, "systemEvent", undefined],
    ],
  );
  assert.deepEqual(
    unreadable.map(({ id, reason }) => [id.replace(/[0-9a-f]{8}$/, "#"), reason.replace(/:.*/, "")]),
    [
      ["no-payload", "payload"],
      ["job-#", "it has no id there"],
      ["a-#", 'another job there also has the id "a"'],
      ["job-#", "it has no id there"],
      ["b", "enabled"],
    ],
  );
});

test("readCronStore() takes a file that begins with a mark, and replaces what cannot be stored", async () => {
  const message = "a\0b \ud800 c";
  const text = `\ufeff${store(job({ id: "a", payload: { kind: "agentTurn", message } }))}`;
  await using home = await makeHome({ "cron/jobs.json": text });
  const { jobs } = await readCronStore(home.directory, noInput);
  assert.deepEqual(
    jobs.map(({ payload }) => payload.message?.replaceAll("\ufffd", "")),
    ["ab  c"],
  );
});

test("readCronStore() gives no job of a file that is torn or foreign", async () => {
  const whole = store(job({ id: "a" }), job({ id: "b" }));
  for (const [text, says] of [
    [whole.slice(0, -20), /is incomplete.*nothing was imported/],
    ["", /is incomplete/],
    ['{"version":7}', /has no list of jobs/],
    ["SQLite format 3\0 and then nothing", /cannot be read as an OpenClaw database/],
  ] as const) {
    await using home = await makeHome({ "cron/jobs.json": text });
    await assert.rejects(readCronStore(home.directory, noInput), { code: "invalid_input", message: says });
  }
});
