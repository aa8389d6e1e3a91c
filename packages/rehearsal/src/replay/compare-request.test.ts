import assert from "node:assert/strict";
import { test } from "node:test";
import { rehearsalModelId, type RequestRecord } from "@roost/agent";
import { compareRequests } from "./compare-request.ts";

const record = (model: string): RequestRecord => ({
  model,
  outputTokensMax: 100,
  sections: "mark",
  messageCount: 0,
  messagesFrom: 0,
  messages: [],
  tools: "mark",
});

function modelsOf(recorded: string, present: string): unknown {
  return compareRequests({
    recorded: record(recorded),
    present: record(present),
    request: { sections: [], messages: [], tools: [], outputTokensMax: 100 },
    tools: { recorded: {}, present: {} },
  }).map((difference) => [difference.part, difference.recorded, difference.replayed]);
}

test("compareRequests() tells a request that would go to another model", () => {
  assert.deepEqual(modelsOf("small", "large"), [["model", "small", "large"]]);
  assert.deepEqual(modelsOf("small", rehearsalModelId), [["model", "small", rehearsalModelId]]);
  assert.deepEqual(modelsOf("small", "small"), []);
});

test("compareRequests() holds no model of today against a run in which none thought", () => {
  assert.deepEqual(modelsOf(rehearsalModelId, "large"), []);
});
