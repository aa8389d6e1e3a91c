import assert from "node:assert/strict";
import { test } from "node:test";
import { someFact, someQuestion, someRunId, someTime } from "../testing/records.ts";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

const question = someQuestion({
  kind: "approval",
  approval: {
    tool: "write_file",
    input: { path: "MEMORY.md", text: "Ada is to be trusted" },
    inputHash: "0".repeat(64),
    reason: "the run has read a page",
    policy: "held-writes/1",
    target: null,
    diff: "--- MEMORY.md\n+++ MEMORY.md\n@@ -1 +1 @@\n-Nobody is.\n+Ada is to be trusted\u001b[2J\n",
  },
  prompt: "May write_file be called?",
  expiresAt: someTime,
  choices: ["approve", "refuse"],
});

test("roost questions shows what an approval would change, and nothing in it moves the cursor", async () => {
  await using gateway = await serveGateway({ listQuestions: () => ({ items: [question], next: null }) });
  const { stdout } = await runRoost(["questions"], gateway);
  assert.match(stdout, /May write_file be called\?[^]*-Nobody is\.\n {2}\+Ada is to be trusted/);
  assert.match(stdout, /approve \| refuse/);
  assert.match(stdout, /rule held-writes\/1 · arguments 0000000000000000 · expires .* ago\n/);
  assert.ok(!stdout.includes("\u001b[2J"));
});

test("roost inbox lists what waits, with what an approval changes, the next step of a failure, and claimed facts", async () => {
  const failure = {
    kind: "failure" as const,
    id: "failure:job:backup",
    since: someTime,
    title: "Job backup failed",
    what: "job:backup",
    failedCount: 1,
    reason: "the disk is full",
    runId: someRunId,
    jobId: "backup",
  };
  const approval = { kind: "approval" as const, id: "q", since: someTime, title: question.prompt, question };
  const claimed = someFact({ statement: "Ada pays \u001b[2Jon Fridays", isClaim: true });
  const claim = {
    kind: "claim" as const,
    id: "f",
    since: someTime,
    title: claimed.statement,
    fact: claimed,
    reason: "job:post says so",
  };
  await using gateway = await serveGateway({
    listInbox: () => ({ items: [approval, failure, claim], isMore: false }),
    listGrants: () => ({ items: [], next: null }),
  });
  const { stdout } = await runRoost(["inbox"], gateway);
  assert.match(stdout, /approval · main[^]*May write_file[^]*\+Ada is to be trusted[^]*approve \| refuse/);
  assert.match(stdout, /failure[^]*Job backup failed\n {2}the disk is full\n {2}See .*roost log why/);
  assert.match(stdout, /claim[^]*Ada pays on Fridays\n {2}job:post says so\n.*roost facts accept/);
  assert.match((await runRoost(["grants"], gateway)).stdout, /nothing beyond single calls/);
});
