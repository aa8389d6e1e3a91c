import assert from "node:assert/strict";
import { test } from "node:test";
import { readWireUsage } from "./read-wire-usage.ts";

const options = { inputTokens: 7, price: undefined };

test("readWireUsage() finds the last usage that is told, and counts where none is", () => {
  const told = '{"a":{"usage":{"prompt_tokens":1}},"usage" : {"prompt_tokens":3,"completion_tokens":4}}';
  const chunks = `data: {"usage":{"input_tokens":3,"output_tokens":4}}\n\ndata: {"usage":null,"x":{}}\n\n`;
  for (const text of [told, chunks, `${told}{"usage":{"broken`])
    assert.deepEqual(readWireUsage(text, options), {
      inputTokens: 3,
      outputTokens: 4,
      isEstimated: false,
      costUsd: null,
    });
  assert.deepEqual(readWireUsage('{"usage":null,"content":"hi"}', options).isEstimated, true);
});

test("readWireUsage() is not held up by an answer that is full of the name", () => {
  const { user: before } = process.cpuUsage();
  for (const piece of ['"usage":{', '"usage"', '"usage" :', '"content":"\\'])
    assert.equal(readWireUsage(piece.repeat(400_000), options).isEstimated, true);
  // A hundredth of it was enough to hold up all callers for seconds.
  assert.ok(process.cpuUsage().user - before < 20_000_000);
});
