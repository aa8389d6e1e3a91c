import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import type { MessageRecord, SessionRecord } from "@roost/contract/operations";
import { someRun, someRunId, someTime } from "../testing/records.ts";
import { runRoost } from "../testing/run-roost.ts";
import { serveGateway } from "../testing/serve-gateway.ts";

const session: SessionRecord = {
  key: "garden",
  kind: "main",
  agent: "main",
  title: null,
  messageCount: 4,
  activeRunId: null,
  queuedCount: 0,
  createdAt: someTime,
  lastMessageAt: someTime,
};

function someMessage(seq: number, given: Partial<MessageRecord>): MessageRecord {
  return {
    id: `m${seq}`,
    sessionKey: "garden",
    seq,
    role: "user",
    text: "",
    parts: [],
    content: null,
    runId: null,
    source: null,
    isRehearsed: false,
    isTakenBack: false,
    createdAt: someTime,
    ...given,
  };
}

test("roost sessions new, reset and rewind say what became of the conversation, as text and as JSON", async () => {
  const asked: unknown[] = [];
  await using gateway = await serveGateway({
    createSession: ({ sessionKey, title }) => {
      asked.push(["new", sessionKey, title]);
      return { session: { ...session, key: sessionKey ?? "talk-1" } };
    },
    resetSession: ({ sessionKey }) => {
      asked.push(["reset", sessionKey]);
      return { session };
    },
    rewindSession: ({ sessionKey, turns, toSeq }) => {
      asked.push(["rewind", sessionKey, turns, toSeq]);
      return { session, fromSeq: 7, messageCount: 2 };
    },
  });
  const run = async (...args: string[]) => (await runRoost(["sessions", ...args], gateway)).stdout;
  assert.equal(await run("new"), "Session talk-1 begins: roost chat --session talk-1\n");
  assert.match(await run("new", "garden", "--title", "Roses"), /^Session garden begins/);
  assert.match(await run("reset", "garden"), /^Session garden begins anew/);
  assert.equal(await run("rewind", "garden"), "Session garden is back to before message 7; 2 messages taken back\n");
  await run("rewind", "garden", "--to", "7");
  assert.deepEqual(asked, [
    ["new", undefined, undefined],
    ["new", "garden", "Roses"],
    ["reset", "garden"],
    ["rewind", "garden", 1, undefined],
    ["rewind", "garden", 1, 7],
  ]);
  for (const args of [["new"], ["reset", "garden"], ["rewind", "garden"]])
    assert.ok("session" in (JSON.parse(await run(...args, "--json")) as object));
});

test("roost sessions compact shows the summary, and with --no-wait the run", async () => {
  await using gateway = await serveGateway({
    compactSession: () => ({ runId: someRunId }),
    watchRun: async function* () {
      yield { event: "remark", data: { kind: "remark" as const, runId: someRunId, text: "the model has been silent" } };
      const run = someRun({ output: { kind: "reply", text: "They planted roses." } });
      yield { event: "over", data: { kind: "over" as const, run } };
    },
  });
  const { stdout, stderr } = await runRoost(["sessions", "compact", "garden"], gateway);
  assert.equal(stdout, "They planted roses.\n");
  assert.match(stderr, /· the model has been silent/);
  assert.equal((await runRoost(["sessions", "compact", "garden", "--no-wait"], gateway)).stdout, `${someRunId}\n`);
});

test("roost sessions show numbers the messages and marks what a job said and what was taken back", async () => {
  const items = [
    someMessage(3, { text: "Plant roses", isTakenBack: true }),
    someMessage(5, { role: "assistant", text: "Good morning", source: "job:morning" }),
  ];
  await using gateway = await serveGateway({ getSession: () => ({ session, messages: { items, next: null } }) });
  const { stdout } = await runRoost(["sessions", "show", "garden"], gateway);
  assert.match(stdout, /user #3 .*taken back\nPlant roses/);
  assert.match(stdout, /assistant #5 .*job:morning\nGood morning/);
});

test("roost sessions refuses a wrong session by the nearest one, and a wrong command too", async () => {
  await using gateway = await serveGateway({
    resetSession: () => {
      throw new RoostError("not_found", 'there is no session "gardn"; did you mean garden?');
    },
  });
  const wrong = await runRoost(["sessions", "reset", "gardn"], gateway);
  assert.deepEqual([wrong.code, /did you mean garden/.test(wrong.stderr)], [66, true]);
  assert.match((await runRoost(["sessions", "rest"], gateway)).stderr, /did you mean reset/);
});
