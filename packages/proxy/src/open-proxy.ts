/** Calls of upstream models: opens the servers, and writes now and then what their calls left to be written. */
import { createProbe, type CallQueue, type CoolDownStore, type Probe, type ProviderConfig } from "@roost/agent";
import { RoostError, sleepUntilAborted, toRoostError, type Clock, type Logger } from "@roost/base";
import { createSpendBlocks, type Kernel, type SpendBlocks } from "@roost/kernel";
import { turnMsMaxDefault } from "./await-turn.ts";
import { createCallGate } from "./create-call-gate.ts";
import { createCallRecords } from "./create-call-records.ts";
import { createResponseCache } from "./create-response-cache.ts";
import { createUpstreamModels } from "./create-upstream-models.ts";
import { sendOpenAiError, toOpenAiError } from "./openai-error.ts";
import { shareCoolDowns } from "./share-cool-downs.ts";
import { passCall } from "./pass-call.ts";
import type { ProxyCall } from "./proxy-call.ts";
import { autoModel, findCandidates, openUpstreams } from "./upstream.ts";

export interface ProxyOptions {
  kernel: Kernel;
  providers: readonly ProviderConfig[];
  /** Names that stand for several models, in the order in which they are tried. */
  routes: Readonly<Record<string, readonly string[]>>;
  /** What a call of a model that is not known here is refused with. Default: that there is none. */
  refusalOf?: ((model: string) => RoostError) | undefined;
  clock: Clock;
  logger: Logger;
  probe?: Probe;
  /** Those that processes of the home share. Default: this process's own. */
  coolDowns?: CoolDownStore | undefined;
  /** Where calls of servers that are asked for one thing at a time wait for each other, and for those of runs. Default: they do not. */
  queue?: CallQueue | undefined;
  /** How long they wait. */
  turnMsMax?: number;
  /** Called with every batch: what else is written now and then. */
  alongside?: (() => Promise<void>) | undefined;
}

export interface Proxy extends AsyncDisposable {
  /** Whether a model of this name is passed on. */
  knows(model: string): boolean;
  /** Answers the call, also where it is refused or fails. */
  call(call: ProxyCall): Promise<void>;
  /** All names that `call` takes. */
  listModels(): Promise<string[]>;
  /** Writes what waits to be written. */
  flush(): Promise<void>;
}

const flushMs = 1_000;

export function openProxy(options: ProxyOptions): Proxy {
  const { kernel, clock, logger, routes } = options;
  const upstreams = openUpstreams(options.providers);
  const models = createUpstreamModels(upstreams, { clock, probe: options.probe ?? createProbe() });
  const records = createCallRecords(kernel, { clock, logger });
  const spending = new Map<string, SpendBlocks>();
  const gate = createCallGate();
  const stop = new AbortController();
  const candidatesOf = (model: string) => findCandidates(model, { upstreams, routes });
  const blocksOf = (scopes: readonly string[]): SpendBlocks => {
    const key = scopes.join(" ");
    const found = spending.get(key) ?? createSpendBlocks(kernel, { scopes });
    spending.set(key, found);
    return found;
  };
  const coolDowns = shareCoolDowns(options.coolDowns, { logger });
  const { queue, turnMsMax = turnMsMaxDefault, refusalOf = notThere } = options;
  const cache = createResponseCache(clock);
  const context = { coolDowns, candidatesOf, refusalOf, models, blocksOf, cache, queue, turnMsMax, clock, logger };
  const flush = async () => {
    await records.flush();
    for (const blocks of spending.values()) await blocks.sweep();
    await options.alongside?.();
  };
  const flushing = keepFlushing(flush, { signal: stop.signal, logger });
  return {
    knows: (model) => candidatesOf(model) !== undefined,
    async call(call) {
      const { caller, response } = call;
      try {
        using _place = gate.enter(caller);
        await passCall({ ...context, record: (record) => records.add(caller, record) }, call);
      } catch (error) {
        if (toRoostError(error).code === "internal") logger.error("A call of a model failed", { error });
        if (response.headersSent) response.destroy();
        else sendOpenAiError(response, toOpenAiError(error));
      }
    },
    listModels: async () =>
      upstreams.length === 0 ? [] : [autoModel, ...Object.keys(routes), ...(await models.list())],
    flush,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await flushing;
      for (const upstream of upstreams) await upstream[Symbol.asyncDispose]();
      await flush();
      for (const blocks of spending.values()) await blocks[Symbol.asyncDispose]();
    },
  };
}

function notThere(model: string): RoostError {
  return new RoostError("not_found", `The model "${model}" does not exist: GET /v1/models lists them`, {
    details: { code: "model_not_found", param: "model" },
  });
}

async function keepFlushing(
  flush: () => Promise<void>,
  { signal, logger }: { signal: AbortSignal; logger: Logger },
): Promise<void> {
  while (await sleepUntilAborted(flushMs, { signal, keepAlive: false }))
    await flush().catch((error: unknown) =>
      logger.warn("Calls of models could not be recorded yet", { reason: toRoostError(error).message }),
    );
}
