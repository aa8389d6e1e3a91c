import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { parseJobs, readJobFiles } from "./read-job-files.ts";

test("parseJobs() takes several documents, lists and JSON", () => {
  const yaml =
    "id: a\ntrigger: {kind: manual}\nprompt: x\n---\n- id: b\n  trigger: {kind: every, every: 5m}\n  prompt: y\n---\n";
  assert.deepEqual(
    parseJobs(yaml, "f").map(({ id }) => id),
    ["a", "b"],
  );
  assert.equal(parseJobs('{"id":"c","trigger":{"kind":"manual"},"prompt":""}', "f").length, 1);
  assert.deepEqual(parseJobs("# nothing\n", "f"), []);
});

test("parseJobs() names the file, the job and the field that is wrong", () => {
  assert.throws(() => parseJobs("id: a\ntrigger: {kind: every, every: soon}\nprompt: x", "jobs/a.yaml"), {
    code: "invalid_input",
    message: /^jobs\/a\.yaml: job "a": trigger\.every: must be a duration/,
  });
  assert.throws(() => parseJobs("id: a\ntrigger: {kind: manual}\nprompt: x\npromt: y", "f"), { message: /promt/ });
  assert.throws(() => parseJobs("id: [", "f"), { code: "invalid_input", message: /^f: / });
  const job = "id: a\ntrigger: {kind: manual}\nprompt: x\n";
  const rows: [text: string, says: RegExp][] = [
    [
      "id: a\ncron: '0 9 * * *'\nprompt: x",
      /cron is not a key of a job: did you mean trigger, as in trigger: \{ kind: cron/,
    ],
    ["id: a\ntrigger: {kind: event, type: run.failed}\nprompt: x", /trigger\.type .* did you mean eventType\?/],
    ["id: a\ntrigger: {kind: cron, cron: '@daily'}\nprompt: x", /trigger\.cron .* did you mean expression\?/],
    ["id: a\ntrigger: every 20m\nprompt: x", /trigger: must be keys and values, not a text$/],
    [
      "id: a\ntrigger: {kind: at, at: 2027-02-30T09:00:00Z}\nprompt: x",
      /trigger\.at: must be a date and time that exists/,
    ],
    [`${job}budget: 0.2`, /budget: must be keys and values, not a number$/],
    [
      `${job}enabled: "no"\ntell: me`,
      /enabled: must be true or false, not a text; tell: must be one of main, person$|tell: .*; enabled: /,
    ],
    [`${job}timeout: 0s`, /timeout: must be at least 1s$/],
    [`${job}retry: {attemptsMax: 2, backoff: 60d}`, /retry\.backoff: must be at most \d+d$/],
    [`${job}rateLimit: {max: 5, per: hour}`, /: rateLimit\.per: must be a duration like [^;]*$/],
    ["id: a\nprompt: x", /trigger: is missing/],
    ["i\0d\0: \0a", /save it as UTF-8/],
  ];
  for (const [text, message] of rows)
    assert.throws(() => parseJobs(text, "f"), { code: "invalid_input", message }, text);
});

test("readJobFiles() reads a directory and refuses a job that is there twice", async () => {
  const directory = await mkdtemp(join(tmpdir(), "roost-jobs-"));
  try {
    await writeFile(join(directory, "a.yaml"), "id: a\ntrigger: {kind: manual}\nprompt: x\n");
    await writeFile(join(directory, "notes.txt"), "not a job");
    assert.equal((await readJobFiles(directory, Readable.from([]))).length, 1);
    await writeFile(join(directory, "b.json"), '{"id":"a","trigger":{"kind":"manual"},"prompt":"z"}');
    await assert.rejects(readJobFiles(directory, Readable.from([])), {
      code: "invalid_input",
      message: /defined twice, in .*a\.yaml and in .*b\.json/,
    });
    await writeFile(join(directory, "c.yaml"), "id: [");
    await writeFile(join(directory, "d.yaml"), "id: d\ntrigger: {kind: manual}\nprompt: x\ntimeot: 1m\n");
    await assert.rejects(readJobFiles(directory, Readable.from([])), {
      message: /b\.json.*\n.*c\.yaml: .*\n?.*d\.yaml: .*did you mean timeout/s,
    });
  } finally {
    await rm(directory, { recursive: true });
  }
  await assert.rejects(readJobFiles(directory, Readable.from([])), { code: "not_found" });
});
