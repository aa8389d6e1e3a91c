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

/** The prices of each server, asked for once; can be shared between several Models. */
export interface ListedPrices {
  /** Of one model, as far as it is known by now: the first call asks the server, and waits for nothing. */
  of(model: string, server: { url: string; apiKey: string; probe: Probe }): TokenPrice | undefined;
}

/** Only what a cache saved is reckoned with them; costs are the provider's own. */
export function createListedPrices(): ListedPrices {
  const known = new Map<string, Map<string, TokenPrice>>();
  const asking = new Set<string>();
  return {
    of(model, server) {
      const prices = known.get(server.url);
      if (prices === undefined && !asking.has(server.url)) void ask(server);
      return prices?.get(model) ?? prices?.get(plainName(model));
    },
  };

  async function ask({ url, apiKey, probe }: { url: string; apiKey: string; probe: Probe }): Promise<void> {
    asking.add(url);
    const answer = await probe.json(`${url}/models`, { apiKey });
    asking.delete(url);
    // A server that did not answer is asked by the next call; one that lists no prices is not.
    if (answer !== undefined) known.set(url, readListedPrices(answer));
  }
}

/** Without what OpenRouter takes around the name that it lists: `~anthropic/…`, `…:nitro`. */
function plainName(model: string): string {
  return model.replace(/^~/, "").replace(/:[a-z]+$/, "");
}
