// A run that dies at any point and is resumed by another process ends with the same transcript, and no
// finished step runs again. The journal is all that survives.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryStepRunner, Crash, type StepJournal } from "../testing.ts";
import type { Tool } from "../tools/tool.ts";
import { openLoop, playByTurn, recordingTool } from "./open-loop.fixture.ts";

const script = playByTurn([
  {
    text: "Reading first.",
    toolCalls: [
      { name: "read", arguments: { text: "topics" } },
      { name: "read", arguments: { text: "log" } },
    ],
  },
  {
    text: "Now I post.",
    toolCalls: [
      { name: "post", arguments: { text: "hello" } },
      { name: "pay", arguments: { text: "10" } },
    ],
  },
  "All done.",
]);

function createTools() {
  const read = recordingTool({ name: "read", effect: "readonly" });
  const post = recordingTool({ name: "post", effect: "idempotent" });
  const pay = recordingTool({ name: "pay", effect: "queryable" });
  // The world outside remembers what was done under which key.
  const queryable: Tool = {
    ...pay,
    query: async (_input, { idempotencyKey }) => {
      const done = pay.effects.find((effect) => effect.key === idempotencyKey);
      return done === undefined ? { found: false } : { found: true, output: `posted ${done.text}` };
    },
  };
  return { list: [read, post, queryable], read, post, pay };
}

const stepNames = ["model#1", "tool:read#1", "tool:read#2", "model#2", "tool:post#3", "tool:pay#4", "model#3"];
const context = async () => ({ sections: [], messages: [{ role: "user" as const, text: "Post it and pay" }] });

for (const when of ["before_intent", "after_intent", "after_execute", "after_result"] as const) {
  for (const name of ["context#1", ...stepNames]) {
    test(`runAgentLoop() resumes after a crash ${when} of ${name}: same transcript, no finished step again`, async () => {
      await using undisturbed = await openLoop(script);
      const expected = await undisturbed.run({ context, tools: createTools().list });

      await using loop = await openLoop(script);
      const tools = createTools();
      const journal: StepJournal = new Map();
      const dying = createMemoryStepRunner({ journal, crash: (point) => point.name === name && point.when === when });
      await assert.rejects(loop.run({ context, tools: tools.list, steps: dying }), Crash);
      const finished = new Map(
        [...journal.values()]
          .filter((entry) => entry.result !== undefined)
          .map((entry) => [entry.name, entry.executeCount]),
      );

      const outcome = await loop.run({ context, tools: tools.list, steps: createMemoryStepRunner({ journal }) });
      assert.deepEqual(outcome, expected);
      assert.deepEqual(
        [...journal.values()].toSorted((left, right) => left.seq - right.seq).map((entry) => entry.name),
        ["context#1", ...stepNames],
      );
      for (const entry of journal.values()) {
        if (finished.has(entry.name))
          assert.equal(entry.executeCount, finished.get(entry.name), `${entry.name} ran again`);
      }
      assert.equal(new Set(tools.post.effects.map((effect) => effect.key)).size, 1);
      assert.equal(tools.pay.effects.length, 1);
    });
  }
}

test("runAgentLoop() does not repeat an unsafe tool whose process died; the model is told that it is unknown", async () => {
  const post = recordingTool({ effect: "unsafe" });
  const play = playByTurn([{ toolCalls: [{ name: "post", arguments: { text: "once" } }] }, "I will check."]);
  await using loop = await openLoop(play);
  const journal: StepJournal = new Map();
  const dying = createMemoryStepRunner({
    journal,
    crash: (point) => point.name === "tool:post#1" && point.when === "after_execute",
  });
  await assert.rejects(loop.run({ tools: [post], steps: dying }), Crash);
  const outcome = await loop.run({ tools: [post], steps: createMemoryStepRunner({ journal }) });
  assert.equal(post.effects.length, 1);
  assert.match(outcome.messages.find((message) => message.role === "tool")?.text ?? "", /^Outcome unknown/);
});

test("runAgentLoop() replays a finished run without a call", async () => {
  await using loop = await openLoop(script);
  const tools = createTools();
  const steps = createMemoryStepRunner();
  const first = await loop.run({ context, tools: tools.list, steps });
  const requestCount = loop.server.requests.length;
  loop.deltas.length = 0;
  const again = await loop.run({
    context,
    tools: tools.list,
    steps: createMemoryStepRunner({ journal: steps.journal }),
  });
  assert.deepEqual(again, first);
  assert.equal(loop.server.requests.length, requestCount);
  assert.equal(tools.post.effects.length, 1);
  assert.deepEqual(loop.deltas, []);
});

test("runAgentLoop() tries a failed model step again when the run is started again", async () => {
  let isDown = true;
  await using loop = await openLoop(() => (isDown ? { status: 503 } : "Back."), { models: {} });
  const steps = createMemoryStepRunner();
  const failed = await loop.run({ steps });
  assert.equal(failed.kind, "failed");
  isDown = false;
  await using fresh = await openLoop(() => "Back.");
  const outcome = await fresh.run({ steps: createMemoryStepRunner({ journal: steps.journal }) });
  assert.equal(outcome.kind, "replied");
});

test("runAgentLoop() tells its journal the same inputs in a replay, whatever the tools and limits are by then", async () => {
  const post = recordingTool({ effect: "idempotent" });
  const play = playByTurn([
    {
      toolCalls: [
        { name: "post", arguments: { text: "a" } },
        { name: "gone", arguments: { a: 1 } },
      ],
    },
    "Done.",
  ]);
  await using loop = await openLoop(play);
  const first = createMemoryStepRunner();
  await loop.run({ tools: [post], steps: first });
  const inputs: unknown[] = [];
  const steps = createMemoryStepRunner({ journal: first.journal });
  const watched: typeof steps = {
    ...steps,
    step: (name, options, execute) => {
      inputs.push(options.input);
      return steps.step(name, options, execute);
    },
  };
  await loop.run({ tools: [recordingTool({ name: "gone" })], steps: watched, limits: { toolCallsPerTurnMax: 1 } });
  assert.deepEqual(
    inputs,
    [...first.journal.values()].map((entry) => entry.input),
  );
});
