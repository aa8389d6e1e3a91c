// One call across several providers: the first that is ready answers; a failure moves on to the next
// and cools that provider down. Attempts themselves are in attempt-call.ts.

import { delay, RoostError, type Clock, type Logger } from "@roost/base";
import { attemptCall, effectiveOutputTokens, type OpenProvider } from "./attempt-call.ts";
import type { ModelFailure } from "./classify-failure.ts";
import { createMemoryCoolDowns, nextCoolDown, type CoolDown, type CoolDownStore } from "./cool-down.ts";
import { createLanguageModel, openRouterUrl } from "./create-language-model.ts";
import { estimatePrompt } from "./estimate-prompt.ts";
import {
  modelLimitDefaults,
  type FailedAttempt,
  type ModelCallOptions,
  type ModelCallOutcome,
  type ModelLimits,
  type ModelRequest,
  type Models,
  type ProviderDescription,
} from "./models.ts";
import type { ProviderConfig } from "./provider-config.ts";
import { providerKey } from "./provider-key.ts";

export interface OpenModelsOptions {
  /** In the order in which they are tried. */
  providers: ProviderConfig[];
  clock: Clock;
  logger: Logger;
  limits?: Partial<ModelLimits>;
  /** Hand in one that lives in a database to let worker processes share what they learnt. Default: in memory. */
  coolDowns?: CoolDownStore;
  fetch?: typeof globalThis.fetch;
  /** How a call waits for a cool-down to end; default: in real time. */
  wait?: (ms: number, options: { signal: AbortSignal }) => Promise<void>;
}

/** `fetch` itself gives up on headers after 300 s. */
const firstByteMsLimit = 290_000;

/** @throws RoostError `invalid_input` for providers or limits that cannot work. */
export function openModels(options: OpenModelsOptions): Models {
  const limits = { ...modelLimitDefaults, ...options.limits };
  checkOptions(options.providers, limits);
  const providers = options.providers.map((config) =>
    openProvider(config, { limits, fetch: options.fetch ?? globalThis.fetch }),
  );
  const coolDowns = tolerant(options.coolDowns ?? createMemoryCoolDowns(), options.logger);
  const machinery: Machinery = { ...options, limits, providers, coolDowns, wait: options.wait ?? delay };
  return {
    limits,
    contextTokensMax: Math.max(...providers.map((provider) => provider.contextTokensMax)),
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

interface Machinery {
  providers: OpenProvider[];
  limits: ModelLimits;
  coolDowns: CoolDownStore;
  clock: Clock;
  logger: Logger;
  wait: (ms: number, options: { signal: AbortSignal }) => Promise<void>;
}

async function callProviders(
  machinery: Machinery,
  request: ModelRequest,
  options: ModelCallOptions,
): Promise<ModelCallOutcome> {
  const { providers, limits, clock } = machinery;
  const promptTokens = estimatePrompt(request);
  const fitting = providers.filter(
    (provider) =>
      promptTokens + effectiveOutputTokens(request.outputTokensMax, provider.contextTokensMax) <=
      provider.contextTokensMax,
  );
  if (fitting.length === 0) {
    return {
      kind: "context_exceeded",
      source: "estimate",
      promptTokens,
      contextTokensMax: Math.max(...providers.map((provider) => provider.contextTokensMax)),
    };
  }

  const failedAttempts: FailedAttempt[] = [];
  let waitLeftMs = limits.waitMsMax;
  let known = await machinery.coolDowns.read(fitting.map((provider) => provider.key));
  for (let round = 1; ; round += 1) {
    for (const provider of readyProviders(fitting, known, {
      nowMs: clock.nowMs(),
      isStartedByPerson: request.isStartedByPerson === true && round === 1,
      personRetryMsMin: limits.personRetryMsMin,
    })) {
      const end = await tryProvider(machinery, provider, {
        request,
        options,
        promptTokens,
        failedAttempts,
        wasCooling: known.has(provider.key),
      });
      if (end !== undefined) return end;
    }
    known = await machinery.coolDowns.read(fitting.map((provider) => provider.key));
    const readyAtMs = Math.min(...fitting.map((provider) => known.get(provider.key)?.untilMs ?? 0));
    const waitMs = Math.max(0, readyAtMs - clock.nowMs());
    if (round >= limits.roundsMax || waitMs > waitLeftMs)
      return noProvider(fitting, known, { failedAttempts, readyAtMs });
    waitLeftMs -= waitMs;
    await machinery.wait(waitMs, { signal: options.signal });
  }
}

/** Those that are not cooling down; for a waiting person, when there is none, those that were not tried a moment ago. */
function readyProviders(
  providers: OpenProvider[],
  known: Map<string, CoolDown>,
  options: { nowMs: number; isStartedByPerson: boolean; personRetryMsMin: number },
): OpenProvider[] {
  const ready = providers.filter((provider) => (known.get(provider.key)?.untilMs ?? 0) <= options.nowMs);
  if (ready.length > 0 || !options.isStartedByPerson) return ready;
  return providers.filter(
    (provider) => (known.get(provider.key)?.lastAttemptMs ?? 0) + options.personRetryMsMin <= options.nowMs,
  );
}

async function tryProvider(
  machinery: Machinery,
  provider: OpenProvider,
  call: {
    request: ModelRequest;
    options: ModelCallOptions;
    promptTokens: number;
    failedAttempts: FailedAttempt[];
    wasCooling: boolean;
  },
): Promise<ModelCallOutcome | undefined> {
  const { clock, logger, limits } = machinery;
  const startedMs = clock.nowMs();
  const outcome = await attemptCall(provider, call.request, {
    ...call.options,
    promptTokens: call.promptTokens,
    limits,
    clock,
    logger,
  });
  if (outcome.kind === "spend_refused") return outcome;
  if (outcome.kind === "message") {
    if (call.wasCooling) await machinery.coolDowns.update(provider.key, () => undefined);
    return { ...outcome.reply, failedAttempts: call.failedAttempts };
  }

  const { failure, hadDeltas } = outcome;
  const { code, status, message } = failure;
  call.failedAttempts.push({
    provider: provider.id,
    model: provider.model,
    code,
    message,
    hadDeltas,
    ...(status === undefined ? {} : { status }),
  });
  logger.warn("a model provider failed", {
    provider: provider.id,
    model: provider.model,
    step: call.options.step,
    code,
    status,
    reason: message,
  });
  if (hadDeltas) call.options.onDelta?.({ type: "reset", reason: `${provider.id}: ${message}` });
  if (failure.isContextExceeded) {
    return {
      kind: "context_exceeded",
      source: "provider",
      promptTokens: call.promptTokens,
      contextTokensMax: failure.contextTokensMax ?? provider.contextTokensMax,
    };
  }
  if (!failure.isRetryable) {
    return {
      kind: "failed",
      code,
      message: `${provider.id} (${provider.model}) refused the request: ${message}`,
      isRetryable: false,
      failedAttempts: call.failedAttempts,
    };
  }
  await coolDown(machinery, provider, { failure, startedMs });
  return undefined;
}

async function coolDown(
  machinery: Machinery,
  provider: OpenProvider,
  attempt: { failure: ModelFailure; startedMs: number },
): Promise<void> {
  const nowMs = machinery.clock.nowMs();
  await machinery.coolDowns.update(provider.key, (current) =>
    nextCoolDown(current, attempt.failure, { startedMs: attempt.startedMs, nowMs }),
  );
}

function noProvider(
  providers: OpenProvider[],
  known: Map<string, CoolDown>,
  options: { failedAttempts: FailedAttempt[]; readyAtMs: number },
): ModelCallOutcome {
  const reasons = providers.map((provider) => {
    const coolDown = known.get(provider.key);
    const untilText =
      coolDown === undefined
        ? ""
        : ` (left alone until ${new Date(coolDown.untilMs).toISOString()} after ${coolDown.failureCount} failures in a row)`;
    return `${provider.id}: ${coolDown?.message ?? options.failedAttempts.findLast((attempt) => attempt.provider === provider.id)?.message ?? "not ready"}${untilText}`;
  });
  const codes = new Set(providers.map((provider) => known.get(provider.key)?.code));
  const [onlyCode] = codes;
  return {
    kind: "failed",
    code: codes.size === 1 && onlyCode !== undefined ? onlyCode : "unavailable",
    message: `no model provider answers; ${reasons.join("; ")}`,
    isRetryable: true,
    retryAtMs: options.readyAtMs,
    failedAttempts: options.failedAttempts,
  };
}

function openProvider(
  config: ProviderConfig,
  options: { limits: ModelLimits; fetch: typeof globalThis.fetch },
): OpenProvider {
  const isLanguageModel = config.kind === "language-model";
  return {
    id: config.id,
    model: isLanguageModel ? config.languageModel.modelId : config.model,
    key: providerKey(config),
    languageModel: createLanguageModel(config, { fetch: options.fetch, bodyBytesMax: options.limits.bodyBytesMax }),
    contextTokensMax: config.contextTokensMax ?? options.limits.contextTokensMaxDefault,
    price: config.price,
    temperature: config.temperature,
    secrets: isLanguageModel || config.apiKey === undefined ? [] : [config.apiKey],
    isRehearsal: isLanguageModel && config.isRehearsal === true,
  };
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
    ...(url === undefined ? {} : { url: withoutCredentials(url) }),
    contextTokensMax: provider.contextTokensMax,
    isPriceKnown: provider.price !== undefined || config.kind === "openrouter",
    state: isCooling ? "cooling_down" : "ready",
    ...(isCooling
      ? {
          coolDown: {
            untilMs: coolDown.untilMs,
            failureCount: coolDown.failureCount,
            code: coolDown.code,
            message: coolDown.message,
          },
        }
      : {}),
  };
}

function withoutCredentials(url: string): string {
  const parsed = new URL(url);
  parsed.username = "";
  parsed.password = "";
  parsed.search = "";
  return parsed.toString().replace(/\/$/, "");
}

/** A store that cannot be reached must not stop a call: without it, nothing is known to cool down. */
function tolerant(store: CoolDownStore, logger: Logger): CoolDownStore {
  return {
    read: async (keys) => {
      try {
        return await store.read(keys);
      } catch (error) {
        logger.warn("the cool-downs of model providers cannot be read", { error });
        return new Map();
      }
    },
    update: async (key, change) => {
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
      "no model provider is configured; hand in the rehearsal model when there is none",
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
  if (limits.firstByteMsMax > firstByteMsLimit) {
    throw new RoostError(
      "invalid_input",
      `firstByteMsMax is ${limits.firstByteMsMax}; the most that can be waited for is ${firstByteMsLimit}`,
    );
  }
}
