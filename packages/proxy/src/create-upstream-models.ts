/** The models that servers list, with their prices where they tell them. Asked at most once in a while; a server that does not answer lists what is configured. */
import { modelListOf, readListedPrices, type Probe, type TokenPrice } from "@roost/agent";
import type { Clock } from "@roost/base";
import type { Upstream } from "./upstream.ts";

export interface UpstreamModels {
  /** `<provider>/<model>`. */
  list(): Promise<string[]>;
  /** As far as known now; asks for what is not known beside the call. */
  priceOf(upstream: Upstream, model: string): TokenPrice | undefined;
}

const keptMs = 10 * 60_000;
const modelsMax = 5_000;

interface Listed {
  ids: string[];
  prices: Map<string, TokenPrice>;
}

export function createUpstreamModels(
  upstreams: readonly Upstream[],
  { clock, probe }: { clock: Clock; probe: Probe },
): UpstreamModels {
  const known = new Map<Upstream, { askedMs: number; asking: Promise<Listed>; listed: Listed | undefined }>();
  const ask = (upstream: Upstream) => {
    const before = known.get(upstream);
    if (before !== undefined && clock.nowMs() - before.askedMs < keptMs) return before;
    const bearer = upstream.headers["authorization"]?.replace(/^Bearer /, "");
    const asking = probe
      .json(`${upstream.url}/models`, bearer === undefined ? {} : { apiKey: bearer })
      .then((answer) => readList(answer) ?? before?.listed ?? { ids: [upstream.model], prices: new Map() });
    const entry = { askedMs: clock.nowMs(), asking, listed: before?.listed };
    void asking.then((listed) => (entry.listed = listed));
    known.set(upstream, entry);
    return entry;
  };
  return {
    async list() {
      const lists = await Promise.all(
        upstreams.map(async (upstream) => {
          const { ids } = await ask(upstream).asking;
          return [upstream.model, ...ids].map((id) => `${upstream.id}/${id}`);
        }),
      );
      return [...new Set(lists.flat())].slice(0, modelsMax);
    },
    priceOf(upstream, model) {
      if (model === upstream.model && upstream.price !== undefined) return upstream.price;
      return upstream.isOpenRouter ? ask(upstream).listed?.prices.get(model) : undefined;
    },
  };
}

function readList(answer: unknown): Listed | undefined {
  const ids = modelListOf(answer)?.map(({ id }) => id);
  if (ids === undefined) return undefined;
  return { ids, prices: readListedPrices(answer) };
}
