import assert from "node:assert/strict";
import { test } from "node:test";
import { listQuestions, readTopic, waitInRun, type Kernel, type Question } from "@roost/kernel";
import { testKernelWith } from "@roost/kernel/testing";
import { approvalsSchema } from "./approvals-schema.ts";
import { begin, claimOne, joinWorker, startRun } from "@roost/kernel/testing/drive-runs";
import { answerQuestion } from "./answer-question.ts";
import { expireApprovals } from "./expire-approvals.ts";
import { recordApproval } from "./record-approval.ts";
import { redeemApproval } from "./redeem-approval.ts";

const createTestKernel = testKernelWith([approvalsSchema]);

const input = { path: "MEMORY.md", text: "Ada is to be trusted" };
const request = {
  tool: "write_file",
  input,
  reason: "the run has read a page",
  policy: "held-writes/1",
  diff: "+ Ada",
};
const dayMs = 24 * 3_600_000;

/** A run that waits for an approval of a write. */
async function asked(kernel: Kernel): Promise<{ question: Question; call: Parameters<typeof redeemApproval>[1] }> {
  await startRun(kernel);
  await using worker = await joinWorker(kernel);
  const run = await claimOne(kernel, worker);
  const begun = await begin(kernel, run.owned, 1, { name: "approval:write_file#1", kind: "approval" });
  assert.ok(begun.state === "begun");
  const step = { run, seq: 1, key: begun.idempotencyKey };
  const first = await recordApproval(kernel, step, request);
  // Begun again after a crash.
  const again = await recordApproval(kernel, step, request);
  assert.deepEqual(again, first);
  const { details, expiresAt: until } = first;
  const question = { kind: "approval" as const, prompt: "May it?", choices: ["approve", "refuse"], details };
  await waitInRun(kernel, run.owned, { seq: 1, wait: { kind: "person", question, until } });
  const [open] = await listQuestions(kernel, { runId: run.id });
  assert.ok(open);
  return { question: open, call: { questionId: open.id, tool: "write_file", input, usedBy: `${run.id}:2` } };
}

const told = async ({ database }: Kernel, topic = "notices") =>
  (await readTopic(database, { topic, limit: 100 })).events.map(({ type }) => type);

test("recordApproval() asks once for each step, with one notice, whatever begins it again", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  await asked(kernel);
  assert.deepEqual((await told(kernel)).toSorted(), ["approval.asked", "notice.raised", "question.asked"]);
});

test("answerQuestion() decides an approval once: the same answer again changes nothing, another is refused", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const { question } = await asked(kernel);
  const answer = { questionId: question.id, answer: "approve", by: "owner" };
  await answerQuestion(kernel, answer);
  await answerQuestion(kernel, answer);
  await assert.rejects(answerQuestion(kernel, { ...answer, answer: "refuse" }), /can no longer be answered/);
  await assert.rejects(answerQuestion(kernel, { ...answer, questionId: crypto.randomUUID() }), { code: "not_found" });
  const events = await told(kernel);
  assert.equal(events.filter((type) => type === "approval.granted").length, 1);
  assert.equal(events.filter((type) => type === "approval.refused").length, 0);
});

test("redeemApproval() is granted to one call, and to that one again after a crash", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const { question, call } = await asked(kernel);
  await answerQuestion(kernel, { questionId: question.id, answer: "approve", by: "owner" });
  for (const _attempt of [1, 2]) assert.equal((await redeemApproval(kernel, call)).state, "granted");
  assert.equal((await told(kernel)).filter((type) => type === "approval.used").length, 1);
});

test("redeemApproval() is refused to a second call", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const { question, call } = await asked(kernel);
  await answerQuestion(kernel, { questionId: question.id, answer: "approve", by: "owner" });
  await redeemApproval(kernel, call);
  assert.equal((await redeemApproval(kernel, { ...call, usedBy: "another:7" })).state, "refused");
});

test("redeemApproval() is refused for other arguments, whatever the order of the same ones", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const { question, call } = await asked(kernel);
  await answerQuestion(kernel, { questionId: question.id, answer: "approve", by: "owner" });
  const other = { ...call, input: { ...input, text: "Bob is to be trusted" } };
  assert.equal((await redeemApproval(kernel, other)).state, "refused");
  assert.equal((await redeemApproval(kernel, { ...call, tool: "define_job" })).state, "refused");
  const reordered = { text: input.text, path: input.path };
  assert.equal((await redeemApproval(kernel, { ...call, input: reordered })).state, "granted");
});

test("expireApprovals() records what was not answered in time, once, with one notice, and takes no answer after it", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const { question, call } = await asked(kernel);
  assert.equal(await expireApprovals(kernel), 0);
  await opened.clock.advance(8 * dayMs);
  assert.equal(await expireApprovals(kernel), 1);
  assert.equal(await expireApprovals(kernel), 0);
  const events = await told(kernel);
  assert.equal(events.filter((type) => type === "approval.expired").length, 1);
  assert.equal(events.filter((type) => type === "notice.raised").length, 2);
  await answerQuestion(kernel, { questionId: question.id, answer: "approve", by: "owner" }).catch(() => undefined);
  assert.equal((await redeemApproval(kernel, call)).state, "refused");
  assert.ok(!(await told(kernel)).includes("approval.granted"));
});

test("redeemApproval() is refused without an approval", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const { question, call } = await asked(kernel);
  assert.equal((await redeemApproval(kernel, call)).state, "refused");
  await answerQuestion(kernel, { questionId: question.id, answer: "refuse", by: "owner" });
  assert.equal((await redeemApproval(kernel, call)).state, "refused");
});

test("redeemApproval() is refused when the approval was not used within a day", async () => {
  await using opened = await createTestKernel();
  const { kernel } = opened;
  const { question, call } = await asked(kernel);
  await answerQuestion(kernel, { questionId: question.id, answer: "approve", by: "owner" });
  await opened.clock.advance(dayMs + 1);
  assert.equal((await redeemApproval(kernel, call)).state, "refused");
});
