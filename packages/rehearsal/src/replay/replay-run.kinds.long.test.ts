// Runs of every kind, as they really end: what can be compared is, and what cannot be is said.
import assert from "node:assert/strict";
import { test } from "node:test";
import { removeJob } from "@roost/jobs";
import { answerQuestion, cancelRun, forkRun, listQuestions, promoteDueRuns, sweepFinishedRuns } from "@roost/kernel";
import { sendMessage } from "@roost/memory";
import { fingerprint } from "../testing/fingerprint.ts";
import { openReplayedHome } from "../testing/open-replayed-home.ts";

const cron = { id: "mail", session: "cron", prompt: "Look", trigger: { kind: "every", every: "1d" } };

test("replayRun() of turns in a conversation finds the same, also when it has gone on since", async () => {
  await using home = await openReplayedHome({ script: ({ messages }) => `answer to ${messages.length} messages` });
  const ids: string[] = [];
  for (const text of ["one", "two", "three"]) {
    await sendMessage(home.memory, { sessionKey: "main", text });
    ids.push((await home.execute()).id);
  }
  for (const id of ids) {
    const report = await home.replay(id);
    assert.deepEqual([report.differences, report.verdict, report.isComplete], [[], "same", true]);
  }
  assert.equal(home.requestCount(), 3);

  // The home was not scanned since: a run that began now would record the edit.
  await home.write("AGENTS.md", "Be brief.");
  const before = await fingerprint(home.test.database, home.homeDir);
  const { differences } = await home.replay(ids[0]!);
  assert.deepEqual(
    differences.map(({ seq, kind, part }) => [seq, kind, part]),
    [[1, "context", "AGENTS.md"]],
  );
  assert.deepEqual(await fingerprint(home.test.database, home.homeDir), before);
  await assert.rejects(home.replay(ids[0]!, { database: home.test.database }), /isReadOnly/);
});

test("replayRun() of heartbeats takes from the record what only that moment knew", async () => {
  await using home = await openReplayedHome({
    script: () => "The mail waits",
    files: { "HEARTBEAT.md": "- the mail" },
  });
  await home.define({ ...cron, id: "beat", session: "heartbeat" });
  const runs = [await home.runJob("beat"), await home.runJob("beat")];
  assert.deepEqual(
    runs.map(({ output }) => (output as { kind: string }).kind),
    ["reply", "quiet"],
  );
  for (const { id } of runs) {
    const report = await home.replay(id);
    assert.deepEqual([report.differences, report.verdict, report.isComplete], [[], "same", true]);
    const skipped = report.notCompared.map(({ what }) => what);
    assert.ok(skipped.includes("what there was to think about"), skipped.join());
    assert.ok(skipped.includes("whether the same was said before"), skipped.join());
  }
});

test("replayRun() of a run that waits goes as far as its records, and to the end once it has been answered", async () => {
  await using home = await openReplayedHome({
    script: ({ toolResults }) =>
      toolResults.length > 0
        ? `You say ${toolResults[0]!.text}`
        : { toolCalls: [{ name: "ask_person", arguments: { question: "Go?" } }] },
  });
  await home.define(cron);
  const waiting = await home.runJob("mail");
  assert.equal(waiting.state, "waiting");
  const early = await home.replay(waiting.id);
  assert.deepEqual([early.verdict, early.isComplete, early.recordedEnd, early.next?.seq], ["same", false, null, 3]);
  assert.match(early.notCompared.map(({ why }) => why).join(), /none yet \(waiting\)/);
  const [question] = await listQuestions(home.kernel, { runId: waiting.id });
  await answerQuestion(home.kernel, { questionId: question!.id, answer: "yes", by: "test" });
  const done = await home.execute();
  assert.equal(done.state, "done");
  const late = await home.replay(done.id);
  assert.deepEqual([late.differences, late.isComplete], [[], true]);
});

test("replayRun() of a run that was cancelled does not hold its end against the program", async () => {
  await using home = await openReplayedHome({
    script: () => ({ toolCalls: [{ name: "ask_person", arguments: { question: "Go?" } }] }),
  });
  await home.define(cron);
  const { id } = await home.runJob("mail");
  await cancelRun(home.kernel, { runId: id, reason: "enough", by: "test" });
  const report = await home.replay(id);
  assert.deepEqual([report.recordedEnd?.state, report.verdict, report.isComplete], ["cancelled", "same", false]);
  assert.match(report.notCompared.map(({ why }) => why).join(), /the run ended before it did/);
});

test("replayRun() of a run that failed and was tried again comes to the same end", async () => {
  let calls = 0;
  const slowDown = { status: 429, error: { message: "slow down" }, headers: { "retry-after": "600" } };
  await using home = await openReplayedHome({
    script: () => ((calls += 1) === 1 ? slowDown : { status: 400, error: { message: "never" } }),
  });
  await home.define({ ...cron, retry: { attemptsMax: 2 } });
  assert.equal((await home.runJob("mail")).state, "waiting");
  await home.test.clock.advance(3_600_000);
  assert.equal(await promoteDueRuns(home.kernel), 1);
  const failed = await home.execute();
  assert.equal(failed.state, "failed");
  const report = await home.replay(failed.id);
  assert.deepEqual([report.differences, report.verdict, report.isComplete], [[], "same", true]);
  assert.match(report.notCompared.map(({ why }) => why).join(), /a call that failed leaves no marks/);
});

test("replayRun() says of records without marks that their requests are not compared, and of a fork whose context it has", async () => {
  await using home = await openReplayedHome({ script: () => "done" });
  await home.define(cron);
  const { id } = await home.runJob("mail");
  await home.test.database.query("update roost.step set output = output - 'request' where kind = 'model'");
  const unmarked = await home.replay(id);
  assert.equal(unmarked.verdict, "same");
  assert.match(unmarked.notCompared.map(({ why }) => why).join(), /before requests were marked/);

  const input = { prompt: "Look twice" };
  const fork = await forkRun(home.kernel, { runId: id, fromSeq: 2, input, reason: "a test", by: "test" });
  await home.execute();
  const forked = await home.replay(fork.runId);
  assert.deepEqual([forked.differences, forked.isComplete], [[], true]);
  assert.match(forked.notCompared.map(({ why }) => why).join(), new RegExp(`copied from run ${id}`));
});

test("replayRun() reads history, uses a run's own definition when its job is gone, and refuses runs of no agent", async () => {
  await using home = await openReplayedHome({ script: () => "done" });
  await home.define(cron);
  const { id } = await home.runJob("mail");
  assert.equal(await sweepFinishedRuns(home.kernel, { keepMs: 0 }), 1);
  const swept = await home.replay(id);
  assert.deepEqual([swept.verdict, swept.answeredCount, swept.isComplete], ["same", 2, true]);
  await removeJob(home.kernel, "mail", { by: "test" });
  const report = await home.replay(id);
  assert.deepEqual([report.verdict, report.job?.presentVersion], ["same", null]);
  assert.match(report.notCompared.map(({ why }) => why).join(), /job mail no longer exists/);
  await home.test.database.query("update roost.run_history set is_rehearsed = true");
  assert.match((await home.replay(id)).notCompared.map(({ why }) => why).join(), /the run was rehearsed/);
  await home.test.database.query("update roost.run_history set handler = 'other'");
  await assert.rejects(home.replay(id), { code: "conflict", message: /of the kind "other"/ });
  await assert.rejects(home.replay(home.kernel.createId()), { code: "not_found" });
});
