import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readCronStore } from "./read-cron-store.ts";

async function makeHome(text: string) {
  const directory = await mkdtemp(join(tmpdir(), "roost-import-"));
  await mkdir(join(directory, "cron"));
  await writeFile(join(directory, "cron/jobs.json"), text);
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

const job = (fields: object) => ({ schedule: { kind: "cron", expr: "0 6 * * *" }, payload: { kind: "x" }, ...fields });
const store = (...jobs: object[]) => JSON.stringify({ version: 1, jobs });

test("readCronStore() finds the file in a home, in its cron directory, and by its own name", async () => {
  await using home = await makeHome(store(job({ id: "a" }), job({ jobId: "old" })));
  for (const path of ["", "cron", "cron/jobs.json"]) {
    const { jobs } = await readCronStore(join(home.directory, path));
    assert.deepEqual(
      jobs.map(({ id }) => id),
      ["a", "old"],
    );
  }
  await assert.rejects(readCronStore(tmpdir()), {
    code: "not_found",
    message: /neither cron\/jobs\.json nor jobs\.json/,
  });
});

test("readCronStore() gives no job of a file that is torn, foreign or contradictory", async () => {
  const whole = store(job({ id: "a" }), job({ id: "b" }));
  for (const [text, says] of [
    [whole.slice(0, -20), /is not whole.*nothing was imported/],
    ["", /is not whole/],
    ['{"version":7,"jobs":[]}', /not a file of jobs as OpenClaw 2026\.3/],
    [store({ id: "a", schedule: { kind: "cron" } }), /jobs\.0\.payload/],
    [store(job({})), /job 1 has no id/],
    [store(job({ id: "a" }), job({ id: "a" })), /"a" is there twice/],
  ] as const) {
    await using home = await makeHome(text);
    await assert.rejects(readCronStore(home.directory), { code: "invalid_input", message: says });
  }
});
