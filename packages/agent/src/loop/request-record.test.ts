import assert from "node:assert/strict";
import { test } from "node:test";
import { createMemoryStepRunner, Crash, type StepJournal } from "../testing.ts";
import { openLoop, playByTurn, recordingTool } from "./open-loop.fixture.ts";
import { noRequests, recordRequest, type RequestRecord } from "./request-record.ts";

const messages = [
  { role: "user" as const, text: "one" },
  { role: "user" as const, text: "two" },
];
const tools = [{ name: "read", description: "reads", inputSchema: { type: "object", properties: {} } }];
const request = { sections: [{ name: "SOUL.md", text: "kind" }], messages, tools, outputTokensMax: 10 };

test("recordRequest() marks each part by what it says, not by the order of its keys", () => {
  const record = recordRequest(request, { model: "m", soFar: noRequests() });
  const stored = JSON.parse(
    JSON.stringify({ ...request, messages: messages.map(({ text, role }) => ({ text, role })) }),
  ) as typeof request;
  assert.deepEqual(recordRequest(stored, { model: "m", soFar: noRequests() }), record);
  const other = { ...request, messages: [messages[0]!, { ...messages[1]!, isUntrusted: true }] };
  const changed = recordRequest(other, { model: "m", soFar: noRequests() });
  assert.deepEqual(
    changed.messages.map((mark, index) => mark === record.messages[index]),
    [true, false],
  );
  assert.equal(changed.sections, record.sections);
});

test("recordRequest() leaves out what the request before has recorded", () => {
  const first = recordRequest(request, { model: "m", soFar: noRequests() });
  const second = recordRequest(
    { ...request, messages: [...messages, { role: "user", text: "three" }] },
    { model: "m", soFar: { ...noRequests(), messageCount: first.messageCount, tools: first.tools } },
  );
  assert.deepEqual([second.messagesFrom, second.messages.length, second.messageCount], [2, 1, 3]);
  assert.deepEqual([Object.keys(first.toolMarks ?? {}), second.toolMarks], [["read"], undefined]);
});

test("runAgentLoop() records the same requests when another process goes on with the run", async () => {
  const script = playByTurn([{ toolCalls: [{ name: "read", arguments: { text: "a" } }] }, "All done."]);
  const list = [recordingTool({ name: "read", effect: "readonly" })];
  const requestsIn = (journal: StepJournal): (RequestRecord | undefined)[] =>
    [...journal.values()].flatMap(({ kind, result }) =>
      kind === "model" && result?.state === "done" ? [(result.output as { request?: RequestRecord }).request] : [],
    );

  await using undisturbed = await openLoop(script);
  const whole: StepJournal = new Map();
  await undisturbed.run({ tools: list, steps: createMemoryStepRunner({ journal: whole }) });

  await using loop = await openLoop(script);
  const journal: StepJournal = new Map();
  const crash = (point: { name: string; when: string }) => point.name === "model#2" && point.when === "before_intent";
  await assert.rejects(loop.run({ tools: list, steps: createMemoryStepRunner({ journal, crash }) }), Crash);
  await loop.run({ tools: list, steps: createMemoryStepRunner({ journal }) });
  assert.deepEqual(requestsIn(journal), requestsIn(whole));
  assert.deepEqual(
    requestsIn(whole).map((record) => [record?.model, record?.messagesFrom, record?.messages.length]),
    [
      ["m", 0, 1],
      ["m", 1, 2],
    ],
  );
});
