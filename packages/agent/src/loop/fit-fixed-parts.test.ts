/** What leaves instructions and tools that are too large for a context, in order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock, silentLogger } from "@roost/base";
import type { Message } from "../messages/message.ts";
import { openModels } from "../models/open-models.ts";
import type { Script } from "../testing.ts";
import { openLoop, recordingTool } from "./open-loop.fixture.ts";

const user = (text: string): Message => ({ role: "user", text });
const words = (count: number) => "word ".repeat(count);

/** A loop whose model has this context, at the scripted server. */
async function openSmall(script: Script, contextTokensMax: number) {
  const loop = await openLoop(script);
  const provider = { kind: "openai-compatible", id: "small", baseUrl: loop.server.url, model: "m" } as const;
  const model = openModels({
    providers: [{ ...provider, contextTokensMax }],
    clock: createFakeClock(0),
    logger: silentLogger,
  });
  return { ...loop, run: (change: Parameters<typeof loop.run>[0]) => loop.run({ model, ...change }) };
}
const manyTools = Array.from({ length: 20 }, (_, index) => ({
  ...recordingTool(),
  name: `post_${index}`,
  description: "Posts a text somewhere. ".repeat(10),
}));
const files = ["MEMORY.md", "SOUL.md", "AGENTS.md", "This session"];
const leaveOrder = (name: string) => ({ "MEMORY.md": 0.5, "SOUL.md": 2, "AGENTS.md": 3 })[name];

const cuts: [contextTokensMax: number, remark: string, shown: string[], toolCount: number][] = [
  [8_192, "", files, 20],
  [6_144, "MEMORY.md was cut", [...files, "Left out"], 20],
  [3_072, "MEMORY.md was left out; the list of tools was cut", [...files.slice(1), "Left out"], 2],
  [2_048, "MEMORY.md was left out; the list of tools was cut; SOUL.md was cut", [...files.slice(1), "Left out"], 2],
  [
    1_100,
    "MEMORY.md was left out; the list of tools was cut; SOUL.md was left out; AGENTS.md was cut",
    ["AGENTS.md", "This session", "Left out"],
    2,
  ],
];
for (const [contextTokensMax, remark, shown, toolCount] of cuts)
  test(`runAgentLoop() cuts what is fixed to a context of ${contextTokensMax} tokens, in order, and says so: ${remark || "nothing"}`, async () => {
    await using loop = await openSmall(() => "short answer", contextTokensMax);
    const sections = files.map((name, index) => ({ name, text: words([2_000, 500, 400, 10][index]!) }));
    const outcome = await loop.run({
      tools: manyTools,
      leaveOrder,
      context: { sections, messages: [user("Go")] },
    });
    assert.ok(outcome.kind === "replied");
    assert.match(
      outcome.leftOut?.join() ?? "",
      remark === "" ? /^$/ : new RegExp(`of ${contextTokensMax} tokens.*: ${remark} \\(`),
    );
    const [request] = loop.server.requests;
    assert.deepEqual(
      [...(request?.systemText ?? "").matchAll(/^# (.+)$/gm)].map(([, name]) => name),
      shown,
    );
    assert.equal(request?.toolNames.length, toolCount);
    assert.equal(loop.server.requests.length, 1);
  });

test("runAgentLoop() cuts further when the provider counts more, and offers no tools where even two are too many", async () => {
  await using loop = await openSmall(({ index }) => {
    const message = "request (2900 tokens) exceeds the available context size (2048 tokens), try increasing it";
    return index < 3 ? { status: 400, error: { message } } : "short answer";
  }, 4_096);
  const sections = [{ name: "SOUL.md", text: words(300) }];
  const outcome = await loop.run({ tools: manyTools, leaveOrder, context: { sections, messages: [user("Go")] } });
  assert.ok(outcome.kind === "replied");
  assert.match(outcome.leftOut?.join() ?? "", /of 2048 tokens.*tools were left out/);
  assert.equal(loop.server.requests.at(-1)?.toolNames.length, 0);
});

test("runAgentLoop() shortens the list of tools beside a conversation of which nothing more can leave", async () => {
  await using loop = await openSmall(() => "short answer", 4_096);
  const sections = [{ name: "This session", text: words(10) }];
  const messages = [user(words(900)), user(words(900))];
  const outcome = await loop.run({
    tools: manyTools.slice(0, 16),
    leaveOrder,
    context: { sections, messages },
    limits: { outputTokensMax: 1_024, compactionsMax: 0 },
  });
  assert.ok(outcome.kind === "replied", JSON.stringify(outcome).slice(0, 300));
  assert.match(outcome.leftOut?.join() ?? "", /the list of tools was cut/);
});

test("runAgentLoop() names the largest parts of a prompt that cannot fit, what to set, and asks for no summary", async () => {
  await using loop = await openSmall(() => "never asked", 4_096);
  for (const [name, context] of [
    ["Instructions", { sections: [{ name: "Instructions", text: words(5_000) }], messages: [user("Go")] }],
    ["the conversation", { sections: [], messages: [user(words(5_000))] }],
  ] as const) {
    const outcome = await loop.run({
      tools: manyTools,
      leaveOrder,
      context: { ...context, sections: [...context.sections], messages: [...context.messages] },
    });
    assert.ok(outcome.kind === "limit_exceeded");
    assert.match(
      outcome.message,
      new RegExp(`model's context is 4096.*largest parts: ${name} \\d{4,}.*OLLAMA_CONTEXT_LENGTH`),
    );
  }
  assert.equal(loop.server.requests.length, 0);
});
