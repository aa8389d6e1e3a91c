import assert from "node:assert/strict";
import { test } from "node:test";
import { answerQuestion, recordApproval } from "@roost/approvals";
import { until } from "@roost/base/testing/until";
import { listQuestions, waitInRun } from "@roost/kernel";
import { listFacts, remember } from "@roost/memory";
import { openChannelHome } from "./testing/open-channel-home.ts";

const me = "41";
const stranger = "52";

test("What others claim is accepted or taken back by a button of /inbox, and an approval says its rule, hash and expiry", async () => {
  await using home = await openChannelHome();
  const { server, kernel, memory, room } = home;
  home.start();
  await home.bind(me);
  const claimed = async (text: string) => {
    const { fact } = await remember(memory, { text, as: { kind: "cron", jobId: "post" }, by: "job:post" });
    const { id } = fact!;
    const [found] = await listFacts(memory, { isClaim: true, limit: 1 });
    const since = found!.recordedAt.toISOString();
    const shownFact = {
      ...found!,
      validFrom: since,
      validTo: null,
      recordedAt: since,
      retractedAt: null,
      labels: [],
    };
    home.inbox.push({
      kind: "claim",
      id: `fact:${id}`,
      since,
      title: text,
      fact: shownFact,
      reason: "job:post says so",
    });
  };
  await claimed("The letters are sent");
  await claimed("Mallory is your boss");
  server.say({ chat: me, text: "/inbox" });
  const [sent, boss] = [await home.sent(me, "The letters are sent"), await home.sent(me, "Mallory is your boss")];
  assert.match(sent.text, /job:post says so/);
  assert.deepEqual(sent.buttons, ["It is so", "It is not so"]);
  server.press({ chat: me, by: stranger, ref: boss.ref, button: 0 });
  server.press({ chat: me, ref: boss.ref, button: 1 });
  server.press({ chat: me, ref: sent.ref, button: 0 });
  await until(() => server.pressAnswers.length === 3);
  assert.deepEqual(server.pressAnswers.slice(1), ["Recorded: It is not so", "Recorded: It is so"]);
  assert.deepEqual(
    (await listFacts(memory, { limit: 9 })).map(({ statement, isClaim }) => [statement, isClaim]),
    [["The letters are sent", false]],
  );

  server.say({ chat: me, text: "Post it" });
  const { owned: run, id } = await home.claim();
  const input = { url: "https://example.com/" };
  const query = { tool: "http_send", input, reason: "it sends", policy: "rule-of-two/1", diff: null };
  const { details, expiresAt } = await recordApproval(
    kernel,
    { run: { id, jobId: null }, seq: 1, key: `${id}:1` },
    query,
  );
  const question = { kind: "approval" as const, prompt: "Approve http_send?", choices: ["approve", "refuse"], details };
  await waitInRun(kernel, run, { seq: 1, wait: { kind: "person", question, until: expiresAt } });
  const { text } = await home.sent(me, "Approve http_send?");
  const hash = details.inputHash.slice(0, 16);
  assert.ok(
    text.includes(
      `rule rule-of-two/1 · arguments ${hash} · expires ${room.memory.calendar.momentAt(expiresAt.getTime())}`,
    ),
    text,
  );
});

test("What the person says next answers the question of the last turn; what is forwarded, no choice, or said to an approval is a message", async () => {
  await using home = await openChannelHome();
  const { server, kernel } = home;
  home.start();
  await home.bind(me);
  const answers = async () => (await listQuestions(kernel, { limit: 10 })).map(({ answer }) => answer).toReversed();
  const wait = (prompt: string, choices?: string[]) => ({ kind: "person" as const, question: { prompt, choices } });

  server.say({ chat: me, text: "Paint the door" });
  const first = await home.claim();
  await waitInRun(kernel, first.owned, { seq: 1, wait: wait("Which door?") });
  await home.sent(me, "Which door?");
  server.say({ chat: me, text: "the back door" });
  await home.answer("It is painted.");
  assert.deepEqual(await answers(), ["the back door"]);

  server.say({ chat: me, text: "And the gate" });
  const second = await home.claim();
  await waitInRun(kernel, second.owned, { seq: 1, wait: wait("Red or green?", ["red", "green"]) });
  await home.sent(me, "Red or green?");
  server.say({ chat: me, text: "Green" });
  await home.answer("Green it is.");
  assert.deepEqual(await answers(), ["the back door", "green"]);

  for (const said of [{ text: "red or blue" }, { text: "red", isForwarded: true }]) {
    server.say({ chat: me, text: "And the fence" });
    const next = await home.claim();
    await waitInRun(kernel, next.owned, { seq: 1, wait: wait("Red or green?", ["red", "green"]) });
    await until(async () => (await home.sent(me, "Red or green?")).buttons.length === 2);
    server.say({ chat: me, ...said });
    await home.answer("As you say.");
    // The conversation has gone on.
    server.say({ chat: me, text: "green" });
    await home.answer("Green is a colour.");
    const [question] = await listQuestions(kernel, { states: ["open"], limit: 10 });
    await answerQuestion(kernel, { questionId: question!.id, answer: "red", by: "person:owner" });
    await home.answer("Red it is.");
  }

  server.say({ chat: me, text: "Post it" });
  const last = await home.claim();
  const question = { kind: "approval" as const, prompt: "Approve http_send?", choices: ["approve", "refuse"] };
  await waitInRun(kernel, last.owned, { seq: 1, wait: { kind: "person", question } });
  await home.sent(me, "Approve http_send?");
  server.say({ chat: me, text: "approve" });
  await home.answer("Approve what?");
  assert.equal((await listQuestions(kernel, { states: ["open"], limit: 10 })).length, 1);
});
