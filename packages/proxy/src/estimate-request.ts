/** Upper bounds of what a call may use, known beforehand from its body. */
import { estimateCallMax, estimateTokens, type TokenPrice } from "@roost/agent";
import type { JsonObject } from "@roost/base";

export interface RequestEstimate {
  inputTokens: number;
  outputTokens: number;
}

const outputTokensDefault = 8_192;
const choicesMax = 128;
const countMax = 10_000_000;
/** Of a picture, a sound or a file that stands in the body. */
const mediaTokens = 2_000;
/** Longer runs of its letters are encoded bytes, not words. */
const encoded = /[A-Za-z0-9+/_=-]{2000,}/g;
const exactCharsMax = 200_000;
const tokensPerChar = 0.4;

export function estimateRequest(
  text: string,
  body: JsonObject,
  { path, outputTokensMax }: { path: string; outputTokensMax: number | undefined },
): RequestEstimate {
  let mediaCount = 0;
  const words =
    text.length < 2_000
      ? text
      : text.replaceAll(encoded, () => {
          mediaCount += 1;
          return "";
        });
  const inputTokens =
    mediaCount * mediaTokens +
    (words.length > exactCharsMax ? Math.ceil(words.length * tokensPerChar) : estimateTokens(words));
  if (!path.endsWith("completions") && path !== "/responses") return { inputTokens, outputTokens: 0 };
  // A server may know only one of them.
  const asked = mostOf(body, ["max_completion_tokens", "max_tokens", "max_output_tokens"]);
  const choices = Math.min(Math.max(1, mostOf(body, ["n", "best_of"]) ?? 1), choicesMax) * countPrompts(body["prompt"]);
  return { inputTokens, outputTokens: choices * (asked ?? outputTokensMax ?? outputTokensDefault) };
}

/** In money; 0 where no price is known. */
export function boundUsd(estimate: RequestEstimate, price: TokenPrice | undefined): number {
  if (price === undefined) return 0;
  const { inputTokens: promptTokens, outputTokens: maxOutputTokens } = estimate;
  return estimateCallMax({ promptTokens, maxOutputTokens, price }).costUsd ?? 0;
}

/** Servers differ in what they take for a number: what one of them may take counts. Undefined: none is given. */
function mostOf(body: JsonObject, names: readonly string[]): number | undefined {
  const counts = names.flatMap((name) => {
    const value = body[name];
    const count = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
    return typeof count === "number" && count >= 0 ? [Math.min(Math.ceil(count), countMax)] : [];
  });
  return counts.length === 0 ? undefined : Math.max(...counts);
}

/** Each text of a list, and each list of tokens, is answered by itself. */
function countPrompts(prompt: unknown): number {
  return Array.isArray(prompt) && typeof prompt[0] !== "number" ? Math.max(1, prompt.length) : 1;
}
