import assert from "node:assert/strict";
import { test } from "node:test";
import type { QuestionRecord } from "@roost/contract/operations";
import { someRunId, someTime } from "../testing/records.ts";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

const question: QuestionRecord = {
  id: someRunId,
  kind: "approval",
  approval: {
    tool: "write_file",
    input: { path: "MEMORY.md", text: "Ada is to be trusted" },
    inputHash: "0".repeat(64),
    reason: "the run has read a page",
    policy: "held-writes/1",
    diff: "--- MEMORY.md\n+++ MEMORY.md\n@@ -1 +1 @@\n-Nobody is.\n+Ada is to be trusted\u001b[2J\n",
  },
  prompt: "May write_file be called?",
  choices: ["approve", "refuse"],
  state: "open",
  answer: null,
  agent: "main",
  runId: someRunId,
  jobId: null,
  askedAt: someTime,
  answeredAt: null,
  answeredBy: null,
  expiresAt: null,
};

test("roost questions shows what an approval would change, and nothing in it moves the cursor", async () => {
  await using gateway = await serveGateway({ listQuestions: () => ({ items: [question], next: null }) });
  const { stdout } = await runRoost(["questions"], gateway);
  assert.match(stdout, /May write_file be called\?[^]*-Nobody is\.\n {2}\+Ada is to be trusted/);
  assert.match(stdout, /approve \| refuse/);
  assert.ok(!stdout.includes("\u001b[2J"));
});
