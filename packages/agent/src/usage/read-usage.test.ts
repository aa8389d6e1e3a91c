import assert from "node:assert/strict";
import { test } from "node:test";
import { addUsage } from "./add-usage.ts";
import { estimateCallMax } from "./estimate-call-max.ts";
import { noUsage, readCost, readUsage } from "./read-usage.ts";

const usage = (raw?: Record<string, unknown>) => ({
  inputTokens: { total: 100, noCache: 60, cacheRead: 40, cacheWrite: undefined },
  outputTokens: { total: 20, text: 15, reasoning: 5 },
  ...(raw === undefined ? {} : { raw: raw as never }),
});
const price = { inputUsd: 1, cachedInputUsd: 0.1, outputUsd: 4 };
const costOf = (raw: Record<string, unknown> | undefined, withPrice?: typeof price, metadata?: object) =>
  readCost(
    { usage: usage(raw), providerMetadata: metadata as never, tokens: readUsage(usage(raw)) },
    { price: withPrice },
  );

test("readUsage() tells what was told, and null for what was not", () => {
  assert.deepEqual(readUsage(usage()), {
    inputTokens: 100,
    outputTokens: 20,
    cachedTokens: 40,
    reasoningTokens: 5,
  });
  assert.deepEqual(readUsage(usage({ prompt_tokens: 100, completion_tokens: 20 })), {
    inputTokens: 100,
    outputTokens: 20,
    cachedTokens: null,
    reasoningTokens: null,
  });
  assert.deepEqual(readUsage(usage({ total_tokens: 120 })), noUsage);
  assert.deepEqual(readUsage(undefined), noUsage);
});

test("readCost() prefers the provider's own cost to the configured price", () => {
  assert.deepEqual(costOf({ prompt_tokens: 100, completion_tokens: 20, prompt_tokens_details: {}, cost: 0.5 }, price), {
    costUsd: 0.5,
    costSource: "provider",
    savedUsd: (40 * (1 - 0.1)) / 1e6,
  });
  assert.deepEqual(costOf(undefined, price, { openrouter: { usage: { cost: 0.25 } } }), {
    costUsd: 0.25,
    costSource: "provider",
    savedUsd: (40 * (1 - 0.1)) / 1e6,
  });
});

test("readCost() adds what the upstream charges when the key is one's own", () => {
  assert.equal(
    costOf({ cost: 0.01, is_byok: true, cost_details: { upstream_inference_cost: 0.2 } }).costUsd,
    0.21000000000000002,
  );
  assert.equal(costOf({ cost: 0.2, is_byok: false, cost_details: { upstream_inference_cost: 0.2 } }).costUsd, 0.2);
});

test("readCost() computes from the configured price, cached tokens cheaper", () => {
  assert.deepEqual(costOf(undefined, price), {
    costUsd: (60 * 1 + 40 * 0.1 + 20 * 4) / 1e6,
    costSource: "configured_price",
    savedUsd: (40 * (1 - 0.1)) / 1e6,
  });
});

test("readCost() invents nothing", () => {
  assert.deepEqual(costOf(undefined), { costUsd: null, costSource: "unknown" });
  assert.deepEqual(costOf({ total_tokens: 120 }, price), { costUsd: null, costSource: "unknown" });
  assert.deepEqual(costOf({ cost: -1 }), { costUsd: null, costSource: "unknown" });
  assert.deepEqual(costOf({ cost: "free" }), { costUsd: null, costSource: "unknown" });
});

test("estimateCallMax() is the whole prompt uncached and the longest reply, and null without a price", () => {
  assert.deepEqual(estimateCallMax({ promptTokens: 1000, maxOutputTokens: 500, price }), {
    inputTokens: 1000,
    outputTokens: 500,
    costUsd: 0.003,
  });
  assert.equal(estimateCallMax({ promptTokens: 1000, maxOutputTokens: 500 }).costUsd, null);
});

test("addUsage() adds what is known and keeps null only when neither side knows", () => {
  const known = { inputTokens: 1, outputTokens: 2, cachedTokens: null, reasoningTokens: 4 };
  assert.deepEqual(addUsage(noUsage, known), known);
  assert.deepEqual(addUsage(known, known), {
    inputTokens: 2,
    outputTokens: 4,
    cachedTokens: null,
    reasoningTokens: 8,
  });
});

test("readUsage() counts whole tokens, and does not believe what no call can have used or cost", () => {
  const told = (input: number, output: number) => ({
    inputTokens: { total: input, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: output, text: undefined, reasoning: undefined },
  });
  assert.deepEqual(readUsage(told(1.5, 0.2)), { ...noUsage, inputTokens: 2, outputTokens: 1 });
  assert.deepEqual(readUsage(told(1e12, Number.NaN)), noUsage);
  assert.deepEqual(costOf({ prompt_tokens: 1, cost: 1e9 }), { costUsd: null, costSource: "unknown" });
});
