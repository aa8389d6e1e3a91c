// Opens the configured providers as one Models: checks the configuration, reports the state. Calls: call-providers.ts.

import { delay, RoostError, type Clock, type JsonObject, type Logger } from "@roost/base";
import type { OpenProvider } from "./attempt-call.ts";
import { callProviders, type CallMachinery } from "./call-providers.ts";
import type { CallQueue } from "./call-queue.ts";
import { createMemoryCoolDowns, type CoolDown, type CoolDownStore } from "./cool-down.ts";
import { createListedPrices, type ListedPrices } from "./listed-prices.ts";
import { createProbe } from "../wire/probe.ts";
import { createLanguageModel, knownOf, openRouterUrl } from "./create-language-model.ts";
import { createMendMemory, type MendMemory } from "../wire/mend.ts";
import { createWire } from "../wire/create-wire.ts";
import { mediaMendId } from "../wire/media-mends.ts";
import { inputDefault } from "./model-input.ts";
import { outputTokensOf } from "./output-tokens.ts";
import type { TokenPrice } from "../usage/token-usage.ts";
import { modelLimitDefaults, type ModelLimits, type Models, type ProviderDescription } from "./models.ts";
import { createPatientFetch, fetchSilenceMsMax } from "./patient-fetch.ts";
import { type ProviderConfig, providerKey, queuedServerOf, silenceMsMaxOf } from "./provider-config.ts";

export interface OpenModelsOptions {
  /** In the order in which they are tried. */
  providers: ProviderConfig[];
  clock: Clock;
  logger: Logger;
  limits?: Partial<ModelLimits>;
  /** A store in a database lets workers share cool-downs. Default: in memory. */
  coolDowns?: CoolDownStore | undefined;
  /** Where calls of servers that answer one at a time wait for each other. Default: they do not. */
  queue?: CallQueue | undefined;
  /** What was learnt of servers; can be shared between several Models. */
  mendMemory?: MendMemory;
  /** What servers charge by their own lists; can be shared between several Models. */
  listedPrices?: ListedPrices;
  fetch?: typeof globalThis.fetch;
  /** For models that may be silent for longer than `fetch` waits; can be shared between several Models. Default: one of its own. */
  patientFetch?: typeof globalThis.fetch;
  /** Waits for a cool-down to end; default: in real time. */
  wait?: (ms: number, options: { signal: AbortSignal }) => Promise<void>;
}

/** @throws RoostError `invalid_input` for invalid providers or limits. */
export function openModels(options: OpenModelsOptions): Models {
  const limits = { ...modelLimitDefaults, ...options.limits };
  checkOptions(options.providers, limits);
  const { patientFetch = createPatientFetch(), listedPrices = createListedPrices() } = options;
  const providers = options.providers.map((config) =>
    openProvider(config, {
      limits,
      fetch: options.fetch ?? (mayBeSilentFor(config, limits) > fetchSilenceMsMax ? patientFetch : globalThis.fetch),
      logger: options.logger,
      mendMemory: options.mendMemory ?? createMendMemory(),
      listedPrices,
    }),
  );
  const coolDowns = tolerant(options.coolDowns ?? createMemoryCoolDowns(), options.logger);
  const machinery: CallMachinery = { ...options, limits, providers, coolDowns, wait: options.wait ?? delay };
  return {
    limits,
    get contextTokensMax() {
      return Math.max(...providers.map((provider) => provider.contextTokensMax));
    },
    get input() {
      return providers[0]!.input();
    },
    call: (request, callOptions) => callProviders(machinery, request, callOptions),
    describe: async () => {
      const cooling = await coolDowns.read(providers.map((provider) => provider.key));
      const nowMs = options.clock.nowMs();
      return {
        isRehearsal: providers.every((provider) => provider.isRehearsal),
        providers: providers.map((provider, index) =>
          describeProvider(provider, options.providers[index]!, { coolDown: cooling.get(provider.key), nowMs }),
        ),
      };
    },
  };
}

function mayBeSilentFor(config: ProviderConfig, limits: ModelLimits): number {
  return config.silenceMsMax ?? silenceMsMaxOf(queuedServerOf(config), limits);
}

/** What is remembered of a server beside its mends: the context that it named when it refused a prompt. */
const contextId = "context";
/** A smaller number is something else. */
const contextTokensMin = 1_024;

function openProvider(
  config: ProviderConfig,
  options: {
    limits: ModelLimits;
    fetch: typeof globalThis.fetch;
    logger: Logger;
    mendMemory: MendMemory;
    listedPrices: ListedPrices;
  },
): OpenProvider {
  const isLanguageModel = config.kind === "language-model";
  const key = providerKey(config);
  const isCached = isCacheAskedFor(config);
  const settings = options.mendMemory.of(key);
  for (const [id, setting] of knownOf(config)) if (!settings.has(id)) settings.set(id, setting);
  const wire = createWire({
    fetch: options.fetch,
    bodyBytesMax: options.limits.bodyBytesMax,
    settings,
    fields: { ...modalitiesOf(config), ...(isCached && { cache_control: { type: "ephemeral" } }) },
    logger: options.logger.child({ provider: config.id }),
  });
  let languageModel: ReturnType<typeof createLanguageModel> | undefined;
  return {
    id: config.id,
    kind: config.kind,
    model: isLanguageModel ? config.languageModel.modelId : config.model,
    key,
    wire,
    languageModel: () => (languageModel ??= createLanguageModel(config, { fetch: wire.fetch })),
    get contextTokensMax() {
      const told = Number(settings.get(contextId) ?? Infinity);
      return Math.min(told, config.contextTokensMax ?? options.limits.contextTokensMaxDefault);
    },
    learnContext: (tokens = 0) => {
      if (tokens >= contextTokensMin) settings.set(contextId, tokens);
    },
    outputTokensMax: config.outputTokensMax,
    silenceMsMax: config.silenceMsMax,
    queuedServer: queuedServerOf(config),
    price: isCached ? withCacheWrites(config.price) : config.price,
    savingPrice: savingPriceOf(config, options),
    temperature: config.temperature,
    input: () =>
      (config.input ?? inputDefault).filter((kind) => kind === "text" || settings.get(mediaMendId(kind)) === undefined),
    secrets: isLanguageModel || config.apiKey === undefined ? [] : [config.apiKey],
    isRehearsal: isLanguageModel && config.isRehearsal === true,
  };
}

/**
 * Anthropic's models cache only what they are asked to. OpenRouter puts the mark behind the last message: the next request begins with all of this one.
 * https://openrouter.ai/docs/features/prompt-caching
 */
function isCacheAskedFor(config: ProviderConfig): boolean {
  return config.kind === "openrouter" && /^~?anthropic\//.test(config.model);
}

/** What a saving is worth: by the configured price, else at OpenRouter by the one that it lists. */
function savingPriceOf(
  config: ProviderConfig,
  { fetch, listedPrices }: { fetch: typeof globalThis.fetch; listedPrices: ListedPrices },
): () => TokenPrice | undefined {
  if (config.kind !== "openrouter" || config.price !== undefined) return () => config.price;
  const { baseUrl: url = openRouterUrl, apiKey, model } = config;
  const probe = createProbe({ fetch, timeoutMs: listMsMax });
  return () => listedPrices.of(model, { url, apiKey, probe });
}

const listMsMax = 20_000;

/** Anthropic's: a quarter more for what is written. */
const cacheWriteFactor = 1.25;

function withCacheWrites(price: TokenPrice | undefined): TokenPrice | undefined {
  return price && { ...price, cacheWriteUsd: price.inputUsd * cacheWriteFactor };
}

/** As OpenAI has them, and all that follow it. */
function modalitiesOf({ output = [] }: ProviderConfig): JsonObject | undefined {
  if (output.length === 0) return undefined;
  const audio = output.includes("audio") ? { audio: { voice: "alloy", format: "pcm16" } } : {};
  return { modalities: ["text", ...output], ...audio };
}

function describeProvider(
  provider: OpenProvider,
  config: ProviderConfig,
  state: { coolDown: CoolDown | undefined; nowMs: number },
): ProviderDescription {
  const { coolDown, nowMs } = state;
  const isCooling = coolDown !== undefined && coolDown.untilMs > nowMs;
  const url = config.kind === "language-model" ? undefined : (config.baseUrl ?? openRouterUrl);
  return {
    id: provider.id,
    kind: config.kind,
    model: provider.model,
    url: url === undefined ? undefined : withoutCredentials(url),
    contextTokensMax: provider.contextTokensMax,
    outputTokensMax: outputTokensOf(provider),
    input: provider.input(),
    isPriceKnown: provider.price !== undefined || config.kind === "openrouter",
    state: isCooling ? "cooling_down" : "ready",
    coolDown: isCooling
      ? {
          untilMs: coolDown.untilMs,
          failureCount: coolDown.failureCount,
          code: coolDown.code,
          message: coolDown.message,
        }
      : undefined,
  };
}

function withoutCredentials(url: string): string {
  const parsed = new URL(url);
  parsed.username = "";
  parsed.password = "";
  parsed.search = "";
  return parsed.toString().replace(/\/$/, "");
}

/** An unreachable store must not stop a call: this process then uses its own knowledge. */
function tolerant(store: CoolDownStore, logger: Logger): CoolDownStore {
  const own = createMemoryCoolDowns();
  return {
    read: async (keys) => {
      try {
        return await store.read(keys);
      } catch (error) {
        logger.warn("the cool-downs of model providers cannot be read", { error });
        return await own.read(keys);
      }
    },
    update: async (key, change) => {
      await own.update(key, change);
      try {
        await store.update(key, change);
      } catch (error) {
        logger.warn("the cool-down of a model provider cannot be stored", { key, error });
      }
    },
  };
}

function checkOptions(providers: ProviderConfig[], limits: ModelLimits): void {
  if (providers.length === 0)
    throw new RoostError(
      "invalid_input",
      "no model provider is configured; pass the rehearsal model when there is none",
    );
  const ids = new Set<string>();
  for (const config of providers) {
    if (ids.has(config.id))
      throw new RoostError("invalid_input", `two model providers are called ${config.id}; give each its own id`);
    ids.add(config.id);
    if (config.kind === "language-model") continue;
    const url = config.baseUrl ?? openRouterUrl;
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new RoostError(
        "invalid_input",
        `the address of model provider ${config.id} is ${url}; it must be an http or https URL up to and including /v1`,
      );
    }
  }
  if (!(limits.silenceMsMax > 0))
    throw new RoostError("invalid_input", `silenceMsMax is ${limits.silenceMsMax}; it must be more than 0`);
}
