/** What a model is asked: the beginning of a conversation stays as it was sent, so that servers find it in their cache, and it is short. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { estimatePrompt } from "@roost/agent";
import type { ScriptedRequest } from "@roost/agent/testing";
import { silentLogger } from "@roost/base";
import { sendMessage } from "@roost/memory";
import { createAgentHandler } from "./create-agent-handler.ts";
import { openTestHome, type WantedCall } from "./testing/open-test-home.ts";

const files = {
  "AGENTS.md": "Be kind. ".repeat(60),
  "SOUL.md": "You are brief. ".repeat(20),
  "memory/email-state.json": '{"unread":1}',
};

/** As most chat templates lay it out: tools with the instructions, then the conversation. */
function textOf({ messages, body }: ScriptedRequest): string {
  return JSON.stringify([body["tools"], ...messages]);
}

test("two turns across a minute share their beginning, with a tool found and used between them", async () => {
  await using home = await openTestHome({ files });
  const handler = createAgentHandler(home.handlerOptions);
  const requests: ScriptedRequest[] = [];
  const turn = async (text: string, replies: (string | WantedCall)[]) => {
    let count = 0;
    home.setScript((request) => {
      requests.push(request);
      const reply = replies[count++] ?? "that is all";
      return typeof reply === "string" ? reply : { toolCalls: [reply] };
    });
    const { runId } = await sendMessage(home.memory, { sessionKey: "main", text });
    const { run } = await home.claim(runId);
    await handler(run, { signal: new AbortController().signal, logger: silentLogger });
  };
  await home.test.clock.set(new Date("2026-03-01T12:00:30Z"));
  await turn("What is planned?", [
    { name: "find_tools", arguments: { query: "define_job" } },
    { name: "call_tool", arguments: { name: "list_jobs", arguments: {} } },
    "Nothing",
  ]);
  const lastOfFirst = requests.at(-1)!;
  await home.test.clock.set(new Date("2026-03-01T12:01:30Z"));
  await turn("And now?", ["Nothing still"]);
  const [before, after] = [textOf(lastOfFirst), textOf(requests.at(-1)!)];
  assert.match(before, /define_job\(\{ id/, "the tool was found");
  let shared = 0;
  while (before[shared] !== undefined && before[shared] === after[shared]) shared += 1;
  assert.ok(shared >= 0.95 * before.length, `${shared} of ${before.length} characters are shared`);
  assert.match(after, /12:00 UTC[\s\S]*12:01 UTC/, "each turn has its time");
});

test("what a model is told beside the home's own files needs few tokens", async () => {
  await using home = await openTestHome();
  let asked: ScriptedRequest | undefined;
  home.setScript((request) => {
    asked = request;
    return "hi";
  });
  const { runId } = await sendMessage(home.memory, { sessionKey: "main", text: "hi" });
  const { run } = await home.claim(runId);
  await createAgentHandler(home.handlerOptions)(run, { signal: new AbortController().signal, logger: silentLogger });
  const tokens = estimatePrompt({
    sections: [{ name: "all", text: JSON.stringify([asked!.messages, asked!.body["tools"]]) }],
    messages: [],
    tools: [],
  });
  assert.deepEqual(asked!.toolNames.slice(-3), ["recall", "find_tools", "call_tool"]);
  assert.ok(tokens <= 1_600, `${tokens} tokens`);
});
