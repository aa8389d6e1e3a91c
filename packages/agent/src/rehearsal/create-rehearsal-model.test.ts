import assert from "node:assert/strict";
import { test } from "node:test";
import { createFakeClock, silentLogger } from "@roost/base";
import { openModels } from "../models/open-models.ts";
import { recordingTool } from "../loop/open-loop.fixture.ts";
import { runAgentLoop } from "../loop/run-agent-loop.ts";
import { createMemoryStepRunner } from "../testing.ts";
import { createRehearsalModel, rehearsalMark, rehearsalProvider } from "./create-rehearsal-model.ts";

const clock = createFakeClock(0);
const rehearsal = () => openModels({ providers: [rehearsalProvider()], clock, logger: silentLogger });

test("createRehearsalModel() says what a model would have been shown, and how to configure one", async () => {
  const post = recordingTool();
  const outcome = await runAgentLoop({
    steps: createMemoryStepRunner(),
    model: rehearsal(),
    tools: [post],
    context: {
      sections: [
        { name: "SOUL.md", text: "Be brief" },
        { name: "USER.md", text: "Ann" },
      ],
      messages: [{ role: "user", text: "Write a post\nabout birds" }],
    },
    clock,
    signal: new AbortController().signal,
    logger: silentLogger,
  });
  assert.ok(outcome.kind === "replied");
  const lines = outcome.text.split("\n");
  assert.ok(lines[0]?.startsWith(`${rehearsalMark} No model is configured`));
  assert.match(lines[1] ?? "", /about \d+ tokens: SOUL\.md \(\d+\), USER\.md \(\d+\); 1 message; 1 tool \(\d+: post\)/);
  assert.equal(lines[2], "Without one there is no answer to “Write a post about birds”.");
  assert.match(lines[3] ?? "", /ROOST_MODEL_URL.*OPENROUTER_API_KEY.*OPENAI_API_KEY.*Ollama/);
  assert.equal(outcome.isRehearsed, true);
  assert.equal(outcome.costUsd, 0);
  assert.equal(post.effects.length, 0);
});

test("createRehearsalModel() answers the same with and without streaming, and stays short", async () => {
  const model = createRehearsalModel({ how: "Do this" });
  const call = {
    prompt: [{ role: "user" as const, content: [{ type: "text" as const, text: "word ".repeat(1000) }] }],
  };
  const generated = (await model.doGenerate(call)).content[0];
  assert.ok(generated?.type === "text");
  assert.ok(generated.text.length < 500);
  assert.match(generated.text, /\nDo this$/);
  let streamed = "";
  for await (const part of (await model.doStream(call)).stream) if (part.type === "text-delta") streamed += part.delta;
  assert.equal(streamed, generated.text);
});

test("createRehearsalModel() names what was said and each file that came with it", async () => {
  const part = (name: string) => ({
    type: "image" as const,
    mediaType: "image/png",
    bytes: 1200,
    sha256: "a".repeat(64),
    name,
  });
  const ask = async (text: string) =>
    await rehearsal().call(
      { sections: [], messages: [{ role: "user", text, parts: [part("a.png"), part("b.png")] }], tools: [] },
      { signal: new AbortController().signal, step: "model#1" },
    );
  const both = await ask("What is this?");
  assert.ok(both.kind === "message");
  assert.match(
    both.message.text,
    /no answer to “What is this\?” with image a\.png 1 KB image\/png, image b\.png 1 KB image\/png\./,
  );
  const alone = await ask("");
  assert.ok(alone.kind === "message" && /no answer to image a\.png/.test(alone.message.text));
});

test("openModels() says that it rehearses", async () => {
  assert.equal((await rehearsal().describe()).isRehearsal, true);
});
