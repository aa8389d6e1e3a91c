// One call across several providers: the first that is ready answers; a failure moves on to the next and
// cools that provider down. A single attempt is attempt-call.ts; how long to cool down is cool-down.ts.

import type { Clock, Logger } from "@roost/base";
import { attemptCall, effectiveOutputTokens, type OpenProvider } from "./attempt-call.ts";
import type { ModelFailure } from "./classify-failure.ts";
import { nextCoolDown, type CoolDown, type CoolDownStore } from "./cool-down.ts";
import { estimatePrompt } from "./estimate-prompt.ts";
import type {
  FailedAttempt,
  ModelCallOptions,
  ModelCallOutcome,
  ModelDelta,
  ModelLimits,
  ModelRequest,
} from "./models.ts";

/** What calls need besides the request. */
export interface CallMachinery {
  providers: OpenProvider[];
  limits: ModelLimits;
  coolDowns: CoolDownStore;
  clock: Clock;
  logger: Logger;
  wait: (ms: number, options: { signal: AbortSignal }) => Promise<void>;
}

export async function callProviders(
  machinery: CallMachinery,
  request: ModelRequest,
  callOptions: ModelCallOptions,
): Promise<ModelCallOutcome> {
  const { providers, limits, clock } = machinery;
  const options = { ...callOptions, onDelta: guarded(callOptions, machinery.logger) };
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
  machinery: CallMachinery,
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
  machinery: CallMachinery,
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

/** A watcher that fails must not fail the call. */
function guarded(options: ModelCallOptions, logger: Logger): (delta: ModelDelta) => void {
  return (delta) => {
    try {
      options.onDelta?.(delta);
    } catch (error) {
      logger.warn("a watcher of the reply failed", { error });
    }
  };
}
