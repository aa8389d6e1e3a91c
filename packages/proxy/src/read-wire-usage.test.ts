import assert from "node:assert/strict";
import { test } from "node:test";
import { assertEvenGrowth } from "@roost/base/testing/assert-even-growth";
import { readWireUsage } from "./read-wire-usage.ts";

const options = { inputTokens: 7, price: undefined };

test("readWireUsage() finds the last usage that is told, and counts where none is", () => {
  const told = '{"a":{"usage":{"prompt_tokens":1}},"usage" : {"prompt_tokens":3,"completion_tokens":4}}';
  const chunks = `data: {"usage":{"input_tokens":3,"output_tokens":4}}\n\ndata: {"usage":null,"x":{}}\n\n`;
  for (const text of [told, chunks, `${told}{"usage":{"broken`])
    assert.deepEqual(readWireUsage(text, options), {
      inputTokens: 3,
      outputTokens: 4,
      cachedTokens: 0,
      isEstimated: false,
      costUsd: null,
      savedUsd: 0,
    });
  assert.deepEqual(readWireUsage('{"usage":null,"content":"hi"}', options).isEstimated, true);
});

test("readWireUsage() tells what came from the provider's cache, of both APIs, and what that saved by the known price", () => {
  const price = { inputUsd: 2, cachedInputUsd: 0.5, outputUsd: 8 };
  for (const [input, output] of [
    ["prompt", "completion"],
    ["input", "output"],
  ]) {
    const cached = `"${input}_tokens_details":{"cached_tokens":60}`;
    const text = `{"usage":{"${input}_tokens":100,"${output}_tokens":10,${cached}}}`;
    const { cachedTokens, costUsd, savedUsd } = readWireUsage(text, { inputTokens: 7, price });
    assert.deepEqual([cachedTokens, costUsd, savedUsd], [60, (40 * 2 + 60 * 0.5 + 10 * 8) / 1e6, (60 * 1.5) / 1e6]);
    assert.equal(readWireUsage(text, options).savedUsd, 0, "without a price");
  }
});

test("readWireUsage() is not held up by an answer that is full of the name", () => {
  for (const piece of ['"usage":{', '"usage"', '"usage" :', '"content":"\\'])
    assertEvenGrowth((count) => assert.equal(readWireUsage(piece.repeat(count), options).isEstimated, true), {
      size: 1_000,
    });
});
