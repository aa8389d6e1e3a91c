/** What an answer told of its usage, found in its bytes; where it told nothing, Roost's own count of them. */
import { estimateTokens, priceOfTokens, savedOf, toldCost, toldTokens, type TokenPrice } from "@roost/agent";

export interface CallUsage {
  inputTokens: number;
  outputTokens: number;
  /** The part of the input that came from the provider's cache. */
  cachedTokens: number;
  costUsd: number | null;
  /** What that saved, where its price is known. */
  savedUsd: number;
  isEstimated: boolean;
}

interface WireUsage {
  prompt_tokens?: unknown;
  completion_tokens?: unknown;
  input_tokens?: unknown;
  output_tokens?: unknown;
  prompt_tokens_details?: { cached_tokens?: unknown } | null;
  input_tokens_details?: { cached_tokens?: unknown } | null;
}

/** Where text stands in chunks and answers. */
const written = /"(?:content|reasoning|reasoning_content|arguments|text|delta|refusal)"\s*:\s*"((?:[^"\\]|\\.)*)"/g;

export function readWireUsage(
  text: string,
  { inputTokens, price }: { inputTokens: number; price: TokenPrice | undefined },
): CallUsage {
  const usage = findUsage(text);
  const input = toldTokens(usage?.prompt_tokens) ?? toldTokens(usage?.input_tokens);
  const output = toldTokens(usage?.completion_tokens) ?? toldTokens(usage?.output_tokens);
  // Embeddings tell what they read only.
  const told =
    input !== null || output !== null
      ? { inputTokens: input ?? 0, outputTokens: output ?? 0, isEstimated: false }
      : { inputTokens, outputTokens: countWritten(text), isEstimated: true };
  const { prompt_tokens_details: ofPrompt, input_tokens_details: ofInput } = usage ?? {};
  const cachedTokens = toldTokens(ofPrompt?.cached_tokens ?? ofInput?.cached_tokens) ?? 0;
  const tokens = { ...told, cachedTokens };
  const priced = price === undefined ? null : priceOfTokens(tokens, price);
  return { ...tokens, costUsd: toldCost(usage) ?? priced, savedUsd: savedOf(tokens, price) };
}

/** Objects that are read for it: an answer that is none may have the name a million times. */
const triesMax = 4;
const spacesMax = 40;

/** The last object of this name: answers end with it, and so do streams. */
function findUsage(text: string): WireUsage | undefined {
  let tries = 0;
  for (let at = text.lastIndexOf('"usage"'); at >= 0; at = at === 0 ? -1 : text.lastIndexOf('"usage"', at - 1)) {
    const before = /^"usage"\s*:\s*(?=\{)/.exec(text.slice(at, at + spacesMax))?.[0];
    if (before === undefined) continue;
    const value = parseObject(text, at + before.length);
    if (value !== undefined) return value;
    if ((tries += 1) === triesMax) return undefined;
  }
  return undefined;
}

const usageCharsMax = 10_000;

function parseObject(text: string, start: number): WireUsage | undefined {
  let depth = 0;
  for (let index = start; index < text.length && index - start < usageCharsMax; index += 1) {
    if (text[index] === "{") depth += 1;
    if (text[index] === "}") depth -= 1;
    if (depth > 0) continue;
    try {
      return JSON.parse(text.slice(start, index + 1)) as WireUsage;
    } catch {
      return undefined;
    }
  }
  return undefined;
}

function countWritten(text: string): number {
  let tokens = 0;
  for (const [, part = ""] of text.matchAll(written)) tokens += estimateTokens(part);
  return tokens;
}
