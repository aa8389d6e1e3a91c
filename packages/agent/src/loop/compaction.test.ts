import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@roost/base";
import type { Part } from "@roost/contract/part";
import type { Message } from "../messages/message.ts";
import type { Models } from "../models/models.ts";
import { estimateMessage } from "../models/estimate-prompt.ts";
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
  ...(ids.length === 0
    ? {}
    : { toolCalls: ids.map((toolCallId) => ({ toolCallId, toolName: "post", argumentsText: "{}" })) }),
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
  assert.equal(outcome.compactedTranscript?.[0]?.role, "summary");

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
  const summary = outcome.compactedTranscript?.[0];
  assert.ok(summary?.role === "summary");
  assert.equal(summary.method, "dropped");
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
  const outcome = await loop.run({ context: { sections: [], messages }, limits: { outputTokensMax: 200 } });
  const summary = outcome.compactedTranscript?.[0];
  assert.ok(summary?.role === "summary" && summary.isUntrusted === true);
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

test("runAgentLoop() names the tools' share of a prompt that cannot fit, what to set, and asks for no summary", async () => {
  await using loop = await openLoop(() => "never asked", {
    models: {
      providers: [
        {
          kind: "openai-compatible",
          id: "small",
          baseUrl: "http://127.0.0.1:1/v1",
          model: "m",
          contextTokensMax: 4_096,
        },
      ],
    },
  });
  const tools = Array.from({ length: 20 }, (_, index) => ({
    ...recordingTool(),
    name: `post_${index}`,
    description: "Posts a text somewhere. ".repeat(60),
  }));
  const outcome = await loop.run({ tools });
  assert.ok(outcome.kind === "limit_exceeded");
  assert.match(outcome.message, /model's context is 4096.*largest parts: tools \d{4,}.*OLLAMA_CONTEXT_LENGTH/);
  assert.equal(loop.server.requests.length, 0);
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
  let asked = "";
  const model = {
    input: ["text", "image"] as const,
    call: async (request: { messages: Message[] }) => {
      asked = request.messages[0]?.text ?? "";
      return { kind: "spend_refused", cap: "run", message: "no" } as const;
    },
  } as unknown as Models;
  const { signal } = new AbortController();
  const options = { messages, tokensMax: 300, contextTokensMax: 8_000, model, step: "c", signal, logger: silentLogger };
  const compaction = await compact(options);
  assert.match(asked, /\[image cat\.png 1\.2 MB image\/png\]/);
  assert.equal(compaction?.summary?.method, "dropped");
});
