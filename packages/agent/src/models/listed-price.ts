/** Prices that a server tells in its list of models, as OpenRouter does. */
import { jsonObjectOf } from "@roost/base";
import type { TokenPrice } from "../usage/token-usage.ts";
import type { Probe } from "../wire/probe.ts";

const usdMax = 1_000_000;

/** By model. A price that depends on something is left out. */
export function readListedPrices(answer: unknown): Map<string, TokenPrice> {
  const { data } = jsonObjectOf(answer);
  const prices = new Map<string, TokenPrice>();
  for (const entry of Array.isArray(data) ? data : []) {
    const { id, pricing } = jsonObjectOf(entry);
    const { prompt, completion, input_cache_read: cached } = jsonObjectOf(pricing);
    const [inputUsd, outputUsd, cachedInputUsd] = [prompt, completion, cached].map(perMillion);
    if (typeof id === "string" && inputUsd !== undefined && outputUsd !== undefined)
      prices.set(id, { inputUsd, outputUsd, ...(cachedInputUsd !== undefined && { cachedInputUsd }) });
  }
  return prices;
}

/** Told per token, as a text; a negative one means that it depends. */
function perMillion(text: unknown): number | undefined {
  const usd = typeof text === "string" && text !== "" ? Number(text) * 1e6 : NaN;
  return usd >= 0 && usd <= usdMax ? usd : undefined;
}

/**
 * The price that a server lists for a model, as far as it is known by now: the first call asks for it, and waits for nothing. Only what a cache saved is
 * reckoned with it; costs are the provider's own.
 */
export function createListedPrice(
  { url, apiKey, model }: { url: string; apiKey: string; model: string },
  probe: Probe,
): () => TokenPrice | undefined {
  let known: TokenPrice | undefined;
  let isAsked = false;
  const ask = async () => {
    const prices = readListedPrices(await probe.json(`${url}/models`, { apiKey }));
    known = prices.get(model) ?? prices.get(plainName(model));
    // A server that did not answer is asked by the next call.
    isAsked = prices.size > 0;
  };
  return () => {
    if (!isAsked) {
      isAsked = true;
      void ask();
    }
    return known;
  };
}

/** Without what OpenRouter takes around the name that it lists: `~anthropic/…`, `…:nitro`. */
function plainName(model: string): string {
  return model.replace(/^~/, "").replace(/:[a-z]+$/, "");
}
