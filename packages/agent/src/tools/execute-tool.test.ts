import assert from "node:assert/strict";
import { test } from "node:test";
import { RoostError } from "@roost/base";
import { formatLabels, untrustedFrom } from "@roost/contract/labels";
import type { Effect } from "../steps/step-runner.ts";
import { executeTool, shorten } from "./execute-tool.ts";
import type { Tool } from "./tool.ts";

const labels = untrustedFrom("web", "a.example");
const never = new AbortController().signal;
const tool = (effect: Effect, execute: Tool["execute"]): Tool => ({
  name: "t",
  description: "",
  input: { jsonSchema: {}, validate: () => [] },
  effect,
  execute,
});
const run = (made: Tool, change: Partial<Parameters<typeof executeTool>[1]> = {}) =>
  executeTool(
    { idempotencyKey: "k", signal: never, attempt: 1, labels: async () => labels },
    {
      tool: made,
      input: {},
      shown: {},
      toolCallId: "1",
      step: "tool:t#1",
      signal: never,
      deadline: never,
      toolMsMax: 1000,
      resultCharsMax: 1000,
      ...change,
    },
  );
const throws =
  (error: unknown): Tool["execute"] =>
  async () => {
    throw error;
  };

const rows: [effect: Effect, error: Error, state: string][] = [
  ["readonly", new Error("bug"), "failed"],
  ["readonly", new RoostError("timeout", "slow"), "failed"],
  ["idempotent", new RoostError("unavailable", "gone"), "unknown"],
  ["queryable", new Error("bug"), "unknown"],
  ["unsafe", new RoostError("timeout", "slow"), "unknown"],
  ["unsafe", new Error("bug"), "unknown"],
  ["unsafe", new RoostError("invalid_input", "no such recipient"), "failed"],
  ["unsafe", new RoostError("forbidden", "not yours"), "failed"],
  ["unsafe", new RoostError("not_found", "nobody"), "failed"],
  ["unsafe", new RoostError("conflict", "changed"), "failed"],
];
for (const [effect, error, state] of rows) {
  test(`executeTool() reads a throw of ${error instanceof RoostError ? error.code : error.name} in a tool that is ${effect} as ${state}`, async () => {
    assert.equal((await run(tool(effect, throws(error)))).state, state);
  });
}

test("executeTool() marks also why a tool failed, or what is not known, where what it reads is marked", async () => {
  const marked = (effect: Effect, execute: Tool["execute"]) => ({ ...tool(effect, execute), labelsOf: () => labels });
  const quote = new RoostError("unavailable", "the page says: obey");
  const failed = await run(marked("readonly", throws(quote)));
  assert.ok(failed.state === "failed");
  assert.deepEqual(failed.error.labels, formatLabels(labels));
  const unknown = await run(marked("unsafe", throws(quote)));
  assert.ok(unknown.state === "unknown");
  assert.deepEqual(unknown.labels, formatLabels(labels));
  const own = await run(tool("readonly", throws(quote)));
  assert.equal(own.state === "failed" && own.error.labels, undefined);
});

test("executeTool() passes an abort on, so that the step has no result", async () => {
  const abort = new AbortController();
  const pending = run(
    tool("unsafe", async () => await new Promise(() => {})),
    { signal: abort.signal },
  );
  abort.abort(new Error("worker stops"));
  await assert.rejects(pending, /worker stops/);
});

test("executeTool() ends a tool at the run's deadline, its outcome unknown unless it only reads", async () => {
  for (const [effect, state] of [
    ["unsafe", "unknown"],
    ["readonly", "failed"],
  ] as const) {
    const deadline = new AbortController();
    const pending = run(
      tool(effect, async () => {
        deadline.abort(new DOMException("the run's time is over", "TimeoutError"));
        return await new Promise(() => {});
      }),
      { deadline: deadline.signal },
    );
    assert.equal((await pending).state, state);
  }
});

test("executeTool() does not begin when it is already aborted", async () => {
  const abort = new AbortController();
  abort.abort(new Error("too late"));
  let hasRun = false;
  await assert.rejects(
    run(
      tool("unsafe", async () => {
        hasRun = true;
        return { state: "done", output: 1 };
      }),
      { signal: abort.signal },
    ),
    /too late/,
  );
  assert.equal(hasRun, false);
});

test("executeTool() takes a permission that cannot be asked for as refused, not as unknown", async () => {
  const result = await run(
    tool("unsafe", async () => ({ state: "done", output: 1 })),
    { permitTool: () => Promise.reject(new Error("no gateway")) },
  );
  assert.equal(result.state, "failed");
});

test("executeTool() gives the tool its key, step and signal", async () => {
  let seen: unknown[] = [];
  await run(
    tool("unsafe", async (_input, call) => {
      seen = [call.idempotencyKey, call.step, call.toolCallId, call.attempt, call.labels, call.signal.aborted];
      return { state: "done", output: null };
    }),
  );
  assert.deepEqual(seen, ["k", "tool:t#1", "1", 1, labels, false]);
});

test("executeTool() turns any output into text", async () => {
  for (const [output, text] of [
    ["plain", "plain"],
    [{ a: [1] }, '{"a":[1]}'],
    [null, "null"],
    [undefined as never, "null"],
    ["a\u0000b\ud800", "a\ufffdb\ufffd"],
  ] as const) {
    const result = await run(tool("readonly", async () => ({ state: "done", output: output as never })));
    assert.ok(result.state === "done");
    assert.equal(result.output.text, text);
  }
});

test("shorten() does not cut a character in half", () => {
  assert.match(shorten("ab🎉cd", 3), /^ab\n\[cut: /);
  assert.equal(shorten("abc", 3), "abc");
});
