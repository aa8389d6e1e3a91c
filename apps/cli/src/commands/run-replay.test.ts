import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReplayReport } from "@roost/contract/operations";
import { textWidth } from "@roost/base/text-width";
import { someRunId, someSummary } from "../testing/records.ts";
import { serveGateway } from "../testing/serve-gateway.ts";
import { runRoost } from "../testing/run-roost.ts";

const same: ReplayReport = {
  runId: someRunId,
  title: "Look through the mail",
  verdict: "same",
  isComplete: true,
  fromSeq: null,
  job: { id: "mail", recordedVersion: 1, presentVersion: 1 },
  agent: { id: "main", recordedVersion: 1, presentVersion: 1 },
  stepCount: 7,
  answeredCount: 7,
  steps: [],
  differences: [],
  differenceCount: 0,
  notCompared: [{ seq: 1, what: "Now", why: "it tells the time; answered as recorded" }],
  notComparedCount: 1,
  recordedEnd: { state: "done", error: null, output: { text: "Three letters." } },
  replayedEnd: { state: "done", error: null, output: { text: "Three letters." } },
  next: null,
};

const diverged: ReplayReport = {
  ...same,
  verdict: "diverged",
  job: { id: "mail", recordedVersion: 1, presentVersion: 3 },
  differences: [
    {
      seq: 2,
      name: "model#1",
      kind: "request",
      part: "tools: with list_files",
      recorded: { text: "read_file, set_state", isUntrusted: false },
      replayed: { text: "list_files, read_file, set_state", isUntrusted: false },
    },
    {
      seq: 6,
      name: "tool:set_state#3",
      kind: "input",
      part: "patch.note",
      recorded: { text: `\u001b[2Jgone${" word".repeat(60)}`, isUntrusted: true },
      replayed: null,
    },
  ],
  differenceCount: 12,
  next: {
    seq: 5,
    name: "model#2",
    kind: "model",
    effect: "readonly",
    input: { messageCount: 2 },
    isUntrusted: true,
    request: {
      model: "small",
      outputTokensMax: 4096,
      sections: [{ name: "SOUL.md", text: "Be kind.", charCount: 8, isUntrusted: false }],
      messagesLeftOut: 3,
      messages: [
        { role: "user", text: "Look", charCount: 4, isUntrusted: false },
        {
          role: "assistant",
          text: "",
          charCount: 0,
          isUntrusted: false,
          toolCalls: [{ toolName: "http_fetch", argumentsText: "{}" }],
        },
        { role: "tool", toolName: "http_fetch", text: "line\n".repeat(30), charCount: 150, isUntrusted: true },
      ],
      tools: [{ name: "read_file", description: "Reads." }],
    },
  },
};

function serve(report: ReplayReport) {
  const asked: unknown[] = [];
  const gateway = serveGateway({
    listRuns: () => ({ items: [someSummary()], next: null }),
    replayRun: (input) => {
      asked.push(input);
      return report;
    },
  });
  return { gateway, asked };
}

test("roost run replay says that a run would be the same, and what was not compared", async () => {
  const { gateway: served, asked } = serve(same);
  await using gateway = await served;
  const { code, stdout } = await runRoost(["run", "replay", someRunId], gateway);
  assert.equal(code, 0);
  assert.match(stdout, /^Look through the mail {2}the same\n/);
  assert.match(stdout, /steps {2}7 of 7 answered from the record\n/);
  assert.match(stdout, /not compared: step 1, Now: it tells the time/);
  assert.deepEqual(asked, [{ runId: someRunId }]);
});

test("roost run replay shows where a run diverges with both sides, within the width, and exits with 1", async () => {
  const { gateway: served, asked } = serve(diverged);
  await using gateway = await served;
  for (const columns of [40, 80]) {
    const environment = { COLUMNS: String(columns) };
    const { code, stdout } = await runRoost(["run", "replay", someRunId, "--from", "5"], {
      url: gateway.url,
      environment,
    });
    assert.equal(code, 1);
    const words = stdout.replace(/\s+/g, " ");
    assert.match(words, /first at step 2, model#1: the model would be asked something else tools: with list_files/);
    assert.match(words, /then read_file, set_state now list_files, read_file, set_state/);
    assert.match(words, /then \(untrusted\) gone word/);
    assert.match(words, /now \(nothing\) and 10 further differences/);
    assert.match(words, /job mail, version 1, now version 3/);
    assert.match(words, /next step would be 5: model#2 \(model, readonly\) model: small/);
    assert.match(words, /SOUL\.md, 8 characters 3 earlier messages user Look/);
    assert.match(words, /tool http_fetch \(untrusted\) line line/);
    assert.ok(!stdout.includes("\u001b") && !stdout.includes("Be kind"), stdout);
    for (const line of stdout.split("\n")) assert.ok(textWidth(line) <= columns, line);
  }
  assert.deepEqual(asked, [
    { runId: someRunId, fromSeq: 5 },
    { runId: someRunId, fromSeq: 5 },
  ]);
  const full = await runRoost(["run", "replay", someRunId, "--full"], gateway);
  assert.match(full.stdout, /Be kind/);
  assert.equal(full.stdout.match(/ line$/gm)?.length, 30);
});

test("roost run replay --json gives the report, and the same exit code", async () => {
  await using gateway = await serve(diverged).gateway;
  const { code, stdout } = await runRoost(["run", "replay", someRunId, "--json"], gateway);
  assert.equal(code, 1);
  assert.deepEqual(JSON.parse(stdout), diverged);
});
