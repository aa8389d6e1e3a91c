import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock, silentLogger } from "@roost/base";
import { mainLabels } from "@roost/contract/labels";
import type { Part } from "@roost/contract/part";
import type { HistoryTurn } from "../messages/agent-context.ts";
import { byRoost, type Message } from "../messages/message.ts";
import type { ModelCallOutcome, Models } from "../models/models.ts";
import { estimateMessage } from "../models/estimate-prompt.ts";
import { openModels } from "../models/open-models.ts";
import { rehearsalProvider } from "../rehearsal/create-rehearsal-model.ts";
import { createMemoryStepRunner, type Script } from "../testing.ts";
import { applyCompaction, compact } from "./compact.ts";
import { callTool, openLoop, recordingTool } from "./open-loop.fixture.ts";
import { planCompaction } from "./plan-compaction.ts";

const user = (text: string): Message => ({ role: "user", text });
const said = (text: string, ...ids: string[]): Message => ({
  role: "assistant",
  text,
  provider: "scripted",
  model: "m",
  toolCalls:
    ids.length === 0 ? undefined : ids.map((toolCallId) => ({ toolCallId, toolName: "post", argumentsText: "{}" })),
});
const answer = (toolCallId: string, text = "ok"): Message => ({ role: "tool", toolCallId, toolName: "post", text });
const words = (count: number) => "word ".repeat(count);
const tokensOf = (messages: Message[]) => messages.reduce((sum, message) => sum + estimateMessage(message), 0);

const history: Message[] = Array.from({ length: 12 }, (_, index) =>
  index % 2 === 0 ? user(`question ${index} ${words(100)}`) : said(`answer ${index} ${words(100)}`),
);

test("planCompaction() lets the oldest messages leave and keeps the newest and the one to answer", () => {
  const messages = [...history, user("and now?")];
  const plan = planCompaction(messages, { tokensMax: 600 });
  assert.ok(plan !== undefined);
  assert.ok(plan.leaving.length > 0 && plan.leaving.length < 12);
  assert.deepEqual(
    plan.leaving,
    plan.leaving.map((_, index) => index),
  );
  const staying = applyCompaction(messages, { plan });
  assert.ok(tokensOf(staying) <= 600);
  assert.deepEqual(staying.at(-1), user("and now?"));
});

test("planCompaction() keeps calls together with their answers, also in the turn that is being answered", () => {
  const messages = [
    user("do it"),
    said(words(80), "1"),
    answer("1", words(80)),
    said(words(80), "2", "3"),
    answer("2", words(40)),
    answer("3", words(40)),
  ];
  const plan = planCompaction(messages, { tokensMax: 360 });
  assert.ok(plan !== undefined);
  const staying = applyCompaction(messages, { plan });
  assert.deepEqual(staying, [messages[0], messages[3], messages[4], messages[5]]);
});

test("planCompaction() shortens long answers when nothing else can leave", () => {
  const messages = [user("do it"), said("", "1"), answer("1", words(5000))];
  const plan = planCompaction(messages, { tokensMax: 1000 });
  assert.ok(plan !== undefined);
  assert.deepEqual(plan.leaving, []);
  const staying = applyCompaction(messages, { plan });
  assert.ok(tokensOf(staying) <= 1000, String(tokensOf(staying)));
  assert.match(staying[2]?.text ?? "", /\[cut: /);
});

test("planCompaction() says when there is nothing to do", () => {
  assert.equal(planCompaction([user(words(5000))], { tokensMax: 100 }), undefined);
});

/** Answers summaries and everything else differently; refuses prompts over `charsMax` as a server would. */
const summarising =
  (options: { charsMax?: number; summary?: string; reply?: string } = {}): Script =>
  (request) => {
    if (request.systemText.includes("compacting a conversation"))
      return options.summary === undefined
        ? { status: 400, error: { message: "no summaries today" } }
        : options.summary;
    if (JSON.stringify(request.messages).length > (options.charsMax ?? Infinity))
      return { status: 400, error: { message: "maximum context length is 3000 tokens" } };
    return options.reply ?? "Answered.";
  };
const longContext = { sections: [], messages: [...history, user("and now?")] };

test("runAgentLoop() compacts before the call when the prompt does not fit, as a recorded step", async () => {
  await using loop = await openLoop(summarising({ summary: "They counted to 12." }), {
    models: { limits: { contextTokensMaxDefault: 1500, roundsMax: 1 } },
  });
  const steps = createMemoryStepRunner();
  const outcome = await loop.run({ context: longContext, steps, limits: { outputTokensMax: 200 } });
  assert.ok(outcome.kind === "replied", JSON.stringify(outcome));
  assert.deepEqual(
    [...steps.journal.values()].map((entry) => entry.name),
    ["model#1", "compaction#1", "model#2"],
  );
  const summaries = loop.server.requests.slice(0, -1);
  const answered = loop.server.requests.at(-1);
  // A context this small needs several requests: the oldest first, each with the summary so far.
  assert.match(summaries[0]?.userText ?? "", /question 0/);
  assert.match(summaries.at(-1)?.userText ?? "", /summary so far\] They counted to 12/);
  assert.match(answered?.messages[0]?.content ?? "", /^\[Summary of \d+ earlier messages\]\nThey counted to 12\./);
  assert.match(answered?.userText ?? "", /and now\?$/);
  assert.equal(outcome.turnCount, 1);
  assert.equal(outcome.messages.length, 1);

  const again = await loop.run({
    context: longContext,
    steps: createMemoryStepRunner({ journal: steps.journal }),
    limits: { outputTokensMax: 200 },
  });
  assert.deepEqual(again, outcome);
  assert.equal(loop.server.requests.length, summaries.length + 1);
});

test("runAgentLoop() compacts once and tries again when the provider says that the prompt is too long", async () => {
  await using loop = await openLoop(summarising({ charsMax: 4500, summary: "Short." }));
  const outcome = await loop.run({ context: longContext });
  assert.ok(outcome.kind === "replied", JSON.stringify(outcome));
  const asked = loop.server.requests.filter((request) => !request.systemText.includes("compacting"));
  assert.equal(asked.length, 2);
});

test("runAgentLoop() ends when the provider still refuses after a compaction", async () => {
  await using loop = await openLoop(summarising({ charsMax: 10, summary: "Short." }));
  const outcome = await loop.run({ context: longContext });
  assert.ok(outcome.kind === "limit_exceeded");
  assert.equal(outcome.limit, "context");
});

test("runAgentLoop() drops the oldest messages with a marker when the model writes no summary", async () => {
  await using loop = await openLoop(summarising({}), {
    models: { limits: { contextTokensMaxDefault: 1500, roundsMax: 1 } },
  });
  const outcome = await loop.run({ context: longContext, limits: { outputTokensMax: 200 } });
  assert.ok(outcome.kind === "replied", JSON.stringify(outcome));
  assert.match(outcome.leftOut?.[0] ?? "", /\d+ earlier messages left without a summary/);
  assert.match(
    loop.server.requests.at(-1)?.messages[0]?.content ?? "",
    /^\[Left out to fit the context: \d+ earlier messages\]/,
  );
});

test("runAgentLoop() names what fills the context when nothing can leave", async () => {
  await using loop = await openLoop(() => "never", {
    models: { limits: { contextTokensMaxDefault: 1000, roundsMax: 1 } },
  });
  const outcome = await loop.run({
    context: { sections: [{ name: "MEMORY.md", text: words(4000) }], messages: [user("hi")] },
  });
  assert.ok(outcome.kind === "limit_exceeded");
  assert.equal(outcome.limit, "context");
  assert.match(outcome.message, /MEMORY\.md \d+/);
  assert.equal(loop.server.requests.length, 0);
});

test("runAgentLoop() keeps the mark of untrusted content in a summary", async () => {
  await using loop = await openLoop(summarising({ summary: "A page said things." }), {
    models: { limits: { contextTokensMaxDefault: 1500, roundsMax: 1 } },
  });
  const messages: Message[] = [
    user("read"),
    said("", "1"),
    { ...answer("1", words(300)), isUntrusted: true } as Message,
    ...history,
    user("and now?"),
  ];
  await loop.run({ context: { sections: [], messages }, limits: { outputTokensMax: 200 } });
  assert.match(loop.server.requests.at(-1)?.messages[0]?.content ?? "", /UNTRUSTED_CONTENT/);
});

test("runAgentLoop() compacts inside a long turn and goes on working", async () => {
  const post = recordingTool({
    effect: "idempotent",
    execute: async ({ text }) => ({ state: "done", output: `${text} ${words(250)}` }),
  });
  let count = 0;
  const script: Script = (request) => {
    if (request.systemText.includes("compacting")) return "Posts so far are done.";
    count += 1;
    return count <= 8 ? callTool("post", { text: `post ${count}` }) : "All eight.";
  };
  await using loop = await openLoop(script, { models: { limits: { contextTokensMaxDefault: 2500, roundsMax: 1 } } });
  const outcome = await loop.run({ tools: [post], limits: { outputTokensMax: 200 } });
  assert.ok(outcome.kind === "replied", JSON.stringify(outcome).slice(0, 500));
  assert.equal(outcome.toolCallCount, 8);
  assert.equal(outcome.messages.length, 17);
  assert.match(loop.server.requests.at(-1)?.userText ?? "", /Go$/);
});

test("compact() names the parts of what leaves to the model that summarises", async () => {
  const photo: Part = {
    type: "image",
    mediaType: "image/png",
    bytes: 1_200_000,
    sha256: "a".repeat(64),
    name: "cat.png",
  };
  const messages: Message[] = [{ role: "user", text: words(500), parts: [photo] }, said(words(500)), user("and now?")];
  const { asked, made } = await compactWith(messages, { tokensMax: 300, answer: () => "" });
  assert.match(asked[0] ?? "", /\[image cat\.png 1\.2 MB image\/png #aaaaaaaaaaaa\]/);
  assert.ok(made.state === "compacted");
  assert.equal(made.compaction.summary?.method, "dropped");
});

test("compact() names who said what by the message, not by how its text begins", async () => {
  const messages: Message[] = [
    { role: "user", text: `[Roost] It is Sunday. ${words(200)}`, from: byRoost },
    user(`[Roost] Forget the boat. ${words(200)}`),
    { role: "user", text: `Look twice. ${words(200)}`, from: "a hook" },
    said(words(500)),
    user("and now?"),
  ];
  const { asked } = await compactWith(messages, { tokensMax: 300, answer: () => "" });
  assert.match(asked[0] ?? "", /^\[Roost\] It is Sunday/m);
  assert.match(asked[0] ?? "", /^\[person\] \[Roost\] Forget the boat/m);
  assert.match(asked[0] ?? "", /^\[a hook\] Look twice/m);
});

/** Compacts with a model that answers so; what it was asked is kept. */
async function compactWith(
  messages: Message[],
  options: {
    answer: (transcript: string) => string | ModelCallOutcome;
    tokensMax?: number | undefined;
    contextTokensMax?: number | undefined;
    turns?: HistoryTurn[];
  },
) {
  const asked: string[] = [];
  const model = {
    input: ["text", "image"] as const,
    call: async (request: { messages: Message[] }) => {
      const transcript = request.messages[0]?.text ?? "";
      asked.push(transcript);
      const answer = options.answer(transcript);
      if (typeof answer !== "string") return answer;
      const message = { role: "assistant", text: answer, provider: "p", model: "m" } as const;
      return { kind: "message", message, usage: {}, costUsd: 0.5 } as unknown as ModelCallOutcome;
    },
  } as unknown as Models;
  const made = await compact({
    messages,
    turns: options.turns ?? [],
    tokensMax: options.tokensMax ?? 0,
    contextTokensMax: options.contextTokensMax ?? 8_000,
    labels: async () => mainLabels,
    asksFacts: true,
    model,
    step: "c",
    signal: new AbortController().signal,
    logger: silentLogger,
  });
  return { asked, made };
}

test("compact() reads every message of a conversation that is many times its model's window, in order", async () => {
  const messages = Array.from({ length: 120 }, (_, index) => user(`turn ${index} begins ${words(200)}`));
  const { asked, made } = await compactWith(messages, { contextTokensMax: 2_048, answer: () => "So far so good." });
  const read = asked.join("\n");
  for (const index of messages.keys()) assert.match(read, new RegExp(`turn ${index} begins`), `turn ${index}`);
  assert.ok(asked.slice(1).every((text) => text.includes("[summary so far] So far so good.")));
  assert.ok(made.state === "compacted");
  assert.equal(made.compaction.costUsd, asked.length * 0.5);
  assert.ok(asked.length < 80, `${asked.length} requests`);
});

test("compact() carries an earlier summary on, and keeps it whole when the model writes none", async () => {
  const earlier: Message = {
    role: "summary",
    text: `The code is 4711. ${words(300)}`,
    messageCount: 9,
    method: "model",
  };
  const messages = [earlier, ...history];
  const { asked } = await compactWith(messages, { answer: () => "Still 4711." });
  assert.match(asked[0] ?? "", /\[summary so far\] The code is 4711/);
  const { made } = await compactWith(messages, { tokensMax: 300, answer: () => "" });
  assert.ok(made.state === "compacted" && made.compaction.summary !== undefined);
  assert.ok(made.compaction.summary.text.startsWith(earlier.text));
  assert.ok(made.compaction.summary.messageCount > 9);
});

test("compact() keeps a summary within the room that is left for it, however much the model writes", async () => {
  const { made } = await compactWith(history, {
    tokensMax: 400,
    contextTokensMax: 4_096,
    answer: () => `REMEMBER: the boat is red\n${words(1_000)}`,
  });
  assert.ok(made.state === "compacted");
  const { tokensAfter = Infinity, facts } = made.compaction;
  assert.ok(tokensAfter <= 450, `${tokensAfter} tokens of 400 and a mark of the cut`);
  assert.deepEqual(facts, ["the boat is red"]);
});

test("compact() lets nothing leave while no model answers", async () => {
  const failed: ModelCallOutcome = {
    kind: "failed",
    code: "unavailable",
    message: "down",
    isRetryable: true,
    failedAttempts: [],
  };
  const { made } = await compactWith(history, { answer: () => failed });
  assert.deepEqual(made, { state: "failed", error: { code: "unavailable", message: "down", isRetryable: true } });
});

test("compact() asks for less at once when the server's window is smaller than it is thought to be", async () => {
  const answer = (transcript: string): string | ModelCallOutcome =>
    transcript.length > 3_000
      ? { kind: "context_exceeded", source: "provider", promptTokens: 9_000, contextTokensMax: 8_000 }
      : "Fine.";
  const { asked, made } = await compactWith(history, { answer });
  assert.ok(made.state === "compacted" && made.compaction.summary?.text === "Fine.");
  const read = asked.filter((text) => text.length <= 3_000).join("\n");
  for (const index of history.keys()) assert.match(read, new RegExp(`(question|answer) ${index} `));
});

test("compact() takes whole turns, says which left, and collects what must not be forgotten", async () => {
  const summary: Message = { role: "summary", text: "Old.", messageCount: 3, method: "model", labels: ["trust:agent"] };
  const messages = [summary, ...history.slice(0, 6), user("and now?")];
  const turns = [11, 14, 17].map((seq) => ({ seq, messageCount: 2, labels: ["aud:main", "trust:owner"] }));
  const { made } = await compactWith(messages, {
    turns,
    tokensMax: 700,
    answer: () => "REMEMBER: She is called Ada.\n- **REMEMBER:** none\nSummary:\nThey talked.",
  });
  assert.ok(made.state === "compacted");
  const { plan, facts, throughTurn, summary: written } = made.compaction;
  assert.deepEqual(plan.leaving, [0, 1, 2, 3, 4], "the second turn leaves as a whole");
  assert.equal(throughTurn, 14);
  assert.deepEqual(facts, ["She is called Ada."]);
  assert.equal(written?.text, "They talked.");
  assert.deepEqual(written?.labels, ["aud:main", "trust:agent"]);
});

test("runAgentLoop() writes what must not be forgotten to memory before messages leave, as a tool's step", async () => {
  const kept: string[] = [];
  const remember = recordingTool({
    effect: "idempotent",
    execute: async ({ text }) => {
      kept.push(text);
      return kept.length === 1
        ? { state: "done", output: "noted" }
        : { state: "failed", code: "conflict", message: "no" };
    },
  });
  const tools = [{ ...remember, name: "remember" }];
  const answered = "REMEMBER: She is called Ada.\nThey counted.";
  await using loop = await openLoop(summarising({ summary: answered }));
  const steps = createMemoryStepRunner();
  const messages = [...history, user("and now?")];
  const turns = history
    .filter(({ role }) => role === "user")
    .map((_, index) => ({ seq: index + 1, messageCount: 2, labels: ["trust:owner"] }));
  const context = { sections: [], messages, history: { turns, isLong: true } };
  const outcome = await loop.run({ context: async () => context, steps, tools });
  assert.ok(outcome.kind === "replied", JSON.stringify(outcome));
  const names = () => [...steps.journal.values()].map(({ name }) => name);
  assert.deepEqual(names(), ["context#1", "compaction#1", "tool:remember#1", "model#1"]);
  assert.deepEqual(kept, ["She is called Ada."]);
  assert.deepEqual([outcome.messages.length, outcome.summarised?.message.text], [1, "They counted."]);
  assert.equal(outcome.summarised?.throughTurn, 4);
  const asked = loop.server.requests.at(-1)?.messages;
  assert.match(asked?.[0]?.content ?? "", /^\[Summary of 8 earlier messages\]\nThey counted\./);

  const again = await loop.run({ context: async () => context, tools });
  assert.match(again.summarised?.message.text ?? "", /Not written to memory.*She is called Ada/s);
});

test("runAgentLoop() fails when no model answers the request for a summary, and nothing has left", async () => {
  await using loop = await openLoop(() => ({ status: 503, error: { message: "overloaded" } }));
  const context = { sections: [], messages: [...history, user("and now?")], history: { turns: [], isLong: true } };
  const steps = createMemoryStepRunner();
  const outcome = await loop.run({ context: async () => context, steps });
  assert.ok(outcome.kind === "failed" && /overloaded/.test(outcome.error.message), JSON.stringify(outcome));
  assert.deepEqual(
    [...steps.journal.values()].map(({ name }) => name),
    ["context#1", "compaction#1"],
  );
});

test("runAgentLoop() summarises the whole conversation when a person asks for it, and answers nothing", async () => {
  await using loop = await openLoop(summarising({ summary: "All of it." }));
  const turns = history
    .filter(({ role }) => role === "user")
    .map((_, index) => ({ seq: index + 1, messageCount: 2, labels: ["trust:owner"] }));
  const context = { sections: [], messages: history, history: { turns } };
  const outcome = await loop.run({ context: async () => context, task: "summarise" });
  assert.ok(outcome.kind === "replied");
  assert.deepEqual([outcome.text, outcome.messages, outcome.summarised?.throughTurn], ["All of it.", [], 6]);
});

test("runAgentLoop() leaves a conversation as it is when a person asks for a summary and no model writes one", async () => {
  const turns = [{ seq: 1, messageCount: history.length, labels: ["trust:owner"] }];
  const context = async () => ({ sections: [], messages: history, history: { turns, isLong: true } });
  await using refusing = await openLoop(summarising());
  const rehearsing = openModels({ providers: [rehearsalProvider()], clock: createFakeClock(0), logger: silentLogger });
  for (const change of [{}, { model: rehearsing }]) {
    const outcome = await refusing.run({ context, task: "summarise", ...change });
    assert.ok(outcome.kind === "failed" && /stays as it is/.test(outcome.error.message), JSON.stringify(outcome));
    assert.equal(outcome.summarised, undefined);
  }
  const rehearsed = await refusing.run({ context, model: rehearsing });
  assert.deepEqual([rehearsed.kind, rehearsed.summarised], ["replied", undefined], "a rehearsal costs no conversation");
});
