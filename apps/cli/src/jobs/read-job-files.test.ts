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
