/** What agents read of a conversation: its last summary and the turns since, a reset and turns that were taken back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestMemory } from "../testing/create-test-memory.ts";
import { createTestWorker, startJobRun } from "../testing/run-agent.ts";
import { createSession, resetSession, rewindSession } from "./rewind-session.ts";
import { historyLimits, readHistory } from "./read-history.ts";
import { readTranscript } from "./read-transcript.ts";
import { sendMessage } from "./send-message.ts";
import { readSession } from "./session.ts";

const said = (messages: { text: string; isUntrusted?: boolean | undefined }[]) =>
  messages.map((message) => message.text).filter((text) => !text.startsWith("[Roost]"));

const summaryOf = (text: string, throughTurn: number, labels = ["aud:main", "trust:agent"]) => ({
  message: { role: "summary" as const, text, messageCount: 4, method: "model" as const, labels },
  throughTurn,
  tokensBefore: 900,
  tokensAfter: 90,
});

test("appendReply() with a summary lets later turns go on from it and from what stayed; people still read all of it", async () => {
  await using home = await createTestMemory();
  await using worker = await createTestWorker(home.memory);
  const seqs: number[] = [];
  for (const text of ["one", "two"]) {
    await sendMessage(home.memory, { sessionKey: "main", text });
    const { built } = await worker.turn(`${text}!`);
    seqs.push(built.turnSeq!);
  }
  await sendMessage(home.memory, { sessionKey: "main", text: "three" });
  const third = await worker.turn("three!", { summarised: summaryOf("they counted to one", seqs[0]!) });
  assert.deepEqual(
    third.built.context.history.turns.map(({ seq, messageCount }) => [seq, messageCount]),
    [
      [seqs[0], 3],
      [seqs[1], 3],
    ],
  );
  await sendMessage(home.memory, { sessionKey: "main", text: "four" });
  const { built } = await worker.turn("four!");
  assert.deepEqual(said(built.context.messages), ["they counted to one", "two", "two!", "three", "three!", "four"]);
  assert.equal(built.context.messages[0]?.role, "summary");
  const { messages } = await readTranscript(home.memory, "main");
  assert.equal(messages.filter(({ role }) => role !== "system").length, 8);
  assert.match(messages.find(({ role }) => role === "system")?.text ?? "", /^\[Summary of 4 earlier messages\]/);
  const [event] = await home.events("sessions", ["session.compacted"]);
  assert.deepEqual([event?.data["summary"], event?.data["messageCount"]], ["they counted to one", 4]);
});

test("readHistory() reads the turns themselves where a summary is not for this agent", async () => {
  await using home = await createTestMemory();
  await using worker = await createTestWorker(home.memory);
  const { memory } = home;
  await sendMessage(memory, { sessionKey: "garden", text: "one" });
  const { built: first } = await worker.turn("one!");
  await sendMessage(memory, { sessionKey: "garden", text: "two" });
  await worker.turn("two!", { summarised: summaryOf("secret", first.turnSeq!, ["aud:domain:eco", "trust:agent"]) });
  const session = (await readSession(home.kernel.database, "garden"))!;
  const viewer = { kind: "main" as const, sessionKey: "garden", clearance: ["main"] };
  const history = await readHistory(memory, session, { viewer, beforeTurn: session.nextSeq });
  assert.deepEqual(said(history.messages), ["one", "one!", "two", "two!"]);
});

test("readHistory() loses no turn of a conversation that is too long for a context, and says that it is to be summarised", async () => {
  await using home = await createTestMemory();
  const { memory, kernel } = home;
  const key = "long";
  await createSession(memory, { key });
  const rows = historyLimits.rowsMax + 500;
  await kernel.database.query(
    `insert into memory.message (session_key, seq, id, turn_seq, place, role, text, content, labels, created_at)
     select $1, n, gen_random_uuid(), n, 1, 'user', 'x', jsonb_build_object('role', 'user', 'text', 'turn ' || n || repeat(' x', $3)), 1, roost.now()
     from generate_series(1, $2) n`,
    [key, rows, 400],
  );
  const session = (await readSession(kernel.database, key))!;
  const viewer = { kind: "main" as const, sessionKey: key };
  const history = await readHistory(memory, session, { viewer, beforeTurn: rows + 1 });
  assert.equal(history.isLong, true);
  assert.deepEqual([history.turns.length, history.messages.length], [rows, rows]);
  assert.match(history.messages[0]?.text ?? "", /^turn 1 .*more characters of an earlier turn\]$/s);
  const chars = history.messages.reduce((sum, { text }) => sum + text.length, 0);
  assert.ok(chars < historyLimits.charsKeptMax * 1.2, `${chars} characters`);
});

test("readHistory() reads the newest whole turns of a conversation that is too long to be read at once, and says where they begin", async () => {
  await using home = await createTestMemory();
  const { memory, kernel } = home;
  const key = "huge";
  await createSession(memory, { key });
  // Each turn is a question and a tool's result of 400,000 characters.
  const turns = 50;
  await kernel.database.query(
    `insert into memory.message (session_key, seq, id, turn_seq, place, role, text, content, labels, created_at)
     select $1, 2 * n - 1 + answer, gen_random_uuid(), 2 * n - 1, 1 + answer, case answer when 0 then 'user' else 'tool' end, 'x',
       case answer when 0 then jsonb_build_object('role', 'user', 'text', 'turn ' || n)
         else jsonb_build_object('role', 'tool', 'toolCallId', n::text, 'toolName', 't', 'text', repeat('x', 400000)) end, 1, roost.now()
     from generate_series(1, $2) n, generate_series(0, 1) answer`,
    [key, turns],
  );
  const session = (await readSession(kernel.database, key))!;
  const viewer = { kind: "main" as const, sessionKey: key };
  const history = await readHistory(memory, session, { viewer, beforeTurn: 2 * turns + 1 });
  const readCount = Math.floor(historyLimits.bytesReadMax / 400_150);
  assert.deepEqual(
    [history.turns.length, history.messages.length, history.isLong],
    [readCount, 2 * readCount + 1, true],
  );
  const [first, second] = history.turns;
  assert.deepEqual([first?.messageCount, second?.messageCount], [3, 2]);
  assert.match(
    history.messages[0]?.text ?? "",
    new RegExp(`before message ${first?.seq} of this conversation is left out`),
  );
  assert.equal(history.messages[1]?.text, `turn ${turns - readCount + 1}`);
  assert.match(history.messages.at(-1)?.text ?? "", /more characters of an earlier turn\]$/);
});

test("resetSession() lets agents begin anew, and keeps the transcript, its summaries and the log", async () => {
  await using home = await createTestMemory();
  await using worker = await createTestWorker(home.memory);
  const { memory } = home;
  await sendMessage(memory, { sessionKey: "main", text: "one" });
  await assert.rejects(resetSession(memory, "main", { by: "test" }), {
    code: "conflict",
    message: /turn that is ready/,
  });
  const { built } = await worker.turn("one!");
  await sendMessage(memory, { sessionKey: "main", text: "two" });
  await worker.turn("two!", { summarised: summaryOf("they counted", built.turnSeq!) });
  await resetSession(memory, "main", { by: "test" });
  await sendMessage(memory, { sessionKey: "main", text: "three" });
  assert.deepEqual(said((await worker.turn("three!")).built.context.messages), ["three"]);
  const { messages } = await readTranscript(memory, "main");
  assert.deepEqual(
    messages.filter(({ role }) => role !== "system").map(({ text }) => text),
    ["one", "one!", "two", "two!", "three", "three!"],
  );
  assert.ok(messages.some(({ text }) => /begins anew/.test(text)));
  assert.equal((await home.events("sessions", ["session.reset"])).length, 1);
  await assert.rejects(resetSession(memory, "mian", { by: "test" }), {
    code: "not_found",
    message: /did you mean main/,
  });
});

test("rewindSession() takes turns back with the summaries over them: an earlier summary and the turns before hold", async () => {
  await using home = await createTestMemory();
  await using worker = await createTestWorker(home.memory);
  const { memory } = home;
  const seqs: number[] = [];
  for (const [index, text] of ["one", "two", "three", "four"].entries()) {
    await sendMessage(memory, { sessionKey: "main", text });
    const through = index === 1 ? seqs[0] : index === 3 ? seqs[2] : undefined;
    const summarised = through === undefined ? undefined : summaryOf(`through ${through}`, through);
    const { built } = await worker.turn(`${text}!`, { summarised });
    seqs.push(built.turnSeq!);
  }
  const { fromSeq, messageCount } = await rewindSession(memory, "main", { turnCount: 2, by: "test" });
  assert.deepEqual([fromSeq, messageCount], [seqs[2], 5]);
  await sendMessage(memory, { sessionKey: "main", text: "five" });
  const { built } = await worker.turn("five!");
  assert.deepEqual(said(built.context.messages), [`through ${seqs[0]}`, "two", "two!", "five"]);
  const { messages } = await readTranscript(memory, "main");
  assert.deepEqual(
    messages.filter(({ isTakenBack, role }) => isTakenBack && role === "user").map(({ text }) => text),
    ["three", "four"],
  );
  const [event] = await home.events("sessions", ["session.rewound"]);
  assert.equal(event?.data["fromSeq"], seqs[2]);
  await rewindSession(memory, "main", { toSeq: seqs[0], by: "test" });
  await sendMessage(memory, { sessionKey: "main", text: "six" });
  assert.deepEqual(said((await worker.turn("six!")).built.context.messages), ["six"]);
  await assert.rejects(rewindSession(memory, "main", { turnCount: 2, by: "test" }), { code: "invalid_input" });
});

test("rewindSession() waits for a job's run beside the conversation, which may summarise what it has read", async () => {
  await using home = await createTestMemory();
  await using worker = await createTestWorker(home.memory);
  const { memory } = home;
  await sendMessage(memory, { sessionKey: "main", text: "one" });
  const { built } = await worker.turn("one!");
  await startJobRun(home.kernel, { jobId: "morning", kind: "main" });
  const job = await worker.claim();
  await worker.begin(job);
  await assert.rejects(rewindSession(memory, "main", { by: "test" }), { code: "conflict", message: /is running/ });
  await worker.reply(job, "Good morning", { summarised: summaryOf("one was said", built.turnSeq!) });
  await rewindSession(memory, "main", { turnCount: 2, by: "test" });
  await sendMessage(memory, { sessionKey: "main", text: "two" });
  assert.deepEqual(said((await worker.turn("two!")).built.context.messages), ["two"]);
});

test("createSession() begins a conversation with its agent, once, and only of a person", async () => {
  await using home = await createTestMemory();
  const session = await createSession(home.memory, { key: "garden", agent: "gardener", title: "Roses" });
  assert.deepEqual([session.kind, session.agent, session.title], ["main", "gardener", "Roses"]);
  await assert.rejects(createSession(home.memory, { key: "garden" }), { code: "conflict" });
  await assert.rejects(createSession(home.memory, { key: "cron:x" }), { code: "invalid_input" });
});

test("createSession() of one key at the same time begins one conversation", async () => {
  await using home = await createTestMemory();
  const agents = ["a", "b", "c", "d", "e", "f"];
  const begun = await Promise.allSettled(agents.map((agent) => createSession(home.memory, { key: "garden", agent })));
  const made = begun.filter(({ status }) => status === "fulfilled");
  assert.equal(made.length, 1);
  const { agent } = (await readSession(home.kernel.database, "garden"))!;
  assert.equal(begun[agents.indexOf(agent)]?.status, "fulfilled");
  assert.equal((await home.events("sessions", ["session.created"])).length, 1);
});
