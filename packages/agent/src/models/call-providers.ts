// One call across several providers: the first that is ready answers; a failure moves on to the next and puts that provider into cool-down. A
// single attempt: attempt-call.ts; lengths of cool-downs: cool-down.ts.

import { formatDurationMs, type Clock, type Logger } from "@roost/base";
import { attemptCall, type OpenProvider } from "./attempt-call.ts";
import type { ModelFailure } from "./classify-failure.ts";
import { kindOf, nextCoolDown, type CoolDown, type CoolDownStore } from "./cool-down.ts";
import { enterQueue, type CallQueue } from "./call-queue.ts";
import { estimatePrompt } from "./estimate-prompt.ts";
import { replyRoomOf } from "./output-tokens.ts";
import { silenceFor } from "./silence-for.ts";
import type { Silence } from "./watch-silence.ts";
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
  queue?: CallQueue | undefined;
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
  // What a model cannot take needs no room: each has an estimate of its own.
  const tokensOf = new Map(providers.map((provider) => [provider, estimatePrompt(request, provider.input())]));
  const fitting = providers.filter(
    (provider) => tokensOf.get(provider)! + replyRoomOf(provider, request.outputTokensMax) <= provider.contextTokensMax,
  );
  if (fitting.length === 0) {
    return {
      kind: "context_exceeded",
      source: "estimate",
      promptTokens: Math.min(...tokensOf.values()),
      contextTokensMax: Math.max(...providers.map((provider) => provider.contextTokensMax)),
    };
  }

  const failedAttempts: FailedAttempt[] = [];
  const silence: Silence = { sinceMs: clock.nowMs() };
  const silent = new Set<OpenProvider>();
  const silentMs = () => (silent.size === 0 ? undefined : clock.nowMs() - silence.sinceMs);
  const startedMs = clock.nowMs();
  const queued = { ms: 0 };
  let waitLeftMs = limits.waitMsMax;
  let wasBusyTold = false;
  let known = await machinery.coolDowns.read(fitting.map((provider) => provider.key));
  for (let round = 1; ; round += 1) {
    const ready = readyProviders(fitting, known, {
      nowMs: clock.nowMs(),
      isStartedByPerson: request.isStartedByPerson === true && round === 1,
      personRetryMsMin: limits.personRetryMsMin,
    });
    for (const [index, provider] of ready.entries()) {
      const end = await tryProvider(machinery, provider, {
        request,
        options,
        promptTokens: tokensOf.get(provider)!,
        failedAttempts,
        wasCooling: known.has(provider.key),
        silence,
        queued,
        silenceMsMax: silenceFor(provider, { limits, isLast: index === ready.length - 1, silentMs: silentMs() }),
        onSilence: () => silent.add(provider),
      });
      if (end !== undefined) return end;
      const remark = tellNext(failedAttempts.at(-1), ready[index + 1]);
      if (remark !== undefined) options.onDelta(remark);
    }
    if (silent.size > 0) return noProvider(fitting, known, { failedAttempts, end: "silence" });
    known = await machinery.coolDowns.read(fitting.map((provider) => provider.key));
    if (request.isStartedByPerson === true && fitting.every(({ key }) => isForPerson(known.get(key))))
      return noProvider(fitting, known, { failedAttempts, end: "person" });
    const isBusy = fitting.some((provider) => isBusyNow(provider, failedAttempts));
    const readyAtMs = Math.min(...fitting.map((provider) => known.get(provider.key)?.untilMs ?? 0));
    const waitMs = Math.max(0, readyAtMs - clock.nowMs());
    const isWaitedFor = isBusy && clock.nowMs() + waitMs <= startedMs + queued.ms + limits.silenceMsMax;
    if (isWaitedFor && !wasBusyTold) options.onDelta({ type: "remark", text: busyText(limits.silenceMsMax) });
    wasBusyTold ||= isWaitedFor;
    if (!isWaitedFor && (round >= limits.roundsMax || waitMs > waitLeftMs))
      return noProvider(fitting, known, { failedAttempts, end: { readyAtMs, nowMs: clock.nowMs() } });
    if (!isWaitedFor) waitLeftMs -= waitMs;
    await machinery.wait(waitMs, { signal: options.signal });
    if (isWaitedFor) silence.sinceMs = clock.nowMs();
  }
}

function tellNext(last: FailedAttempt | undefined, next: OpenProvider | undefined): ModelDelta | undefined {
  if (last === undefined || next === undefined) return undefined;
  const failed = `${last.provider} (${last.model}) does not answer: ${last.message}`;
  return { type: "remark", text: `${failed}; asking ${next.id} (${next.model})` };
}

const busyWords = /\b(loading|busy|slots?|warming|starting|queue)\b/i;

/** A server of one request at a time, or one that loads its model: it answers soon, and that is worth a longer wait. */
function isBusyNow({ id }: OpenProvider, failedAttempts: readonly FailedAttempt[]): boolean {
  const last = failedAttempts.findLast(({ provider }) => provider === id);
  return last?.status === 503 && busyWords.test(last.message);
}

function busyText(msMax: number): string {
  return `the model is loading or busy; trying again for up to ${formatDurationMs(msMax)}`;
}

/** A wrong key, no credit, no such model: waiting does not help. */
function isForPerson(coolDown: CoolDown | undefined): boolean {
  if (coolDown?.status === undefined) return false;
  const kind = kindOf({ status: coolDown.status });
  return kind === "credential" || kind === "configuration";
}

/** Providers that are not cooling down; if there are none and a person waits, those not tried a moment ago. */
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
    silence: Silence;
    /** Time spent behind other calls of Roost. */
    queued: { ms: number };
    silenceMsMax: number;
    onSilence: () => void;
  },
): Promise<ModelCallOutcome | undefined> {
  const { clock, logger, limits } = machinery;
  const beforeMs = call.queued.ms;
  await using _turn = await enterQueue(machinery, provider, call);
  const startedMs = clock.nowMs();
  // Those before may have found that it does not answer.
  if (call.queued.ms > beforeMs && (await isCooling(machinery, provider))) return undefined;
  const { options, promptTokens, silence, silenceMsMax } = call;
  const attempt = { ...options, promptTokens, silence, silenceMsMax, limits, clock, logger };
  const outcome = await attemptCall(provider, call.request, attempt);
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
    status,
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
  if (failure.isSilence === true) call.onSilence();
  await coolDown(machinery, provider, { failure, startedMs });
  return undefined;
}

async function isCooling({ coolDowns, clock }: CallMachinery, { key }: OpenProvider): Promise<boolean> {
  const coolDown = (await coolDowns.read([key])).get(key);
  return coolDown !== undefined && coolDown.untilMs > clock.nowMs();
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

/** `person`: a person must act; `silence`: no byte came within the limit; else the time when it may be retried. */
type CallEnd = "person" | "silence" | { readyAtMs: number; nowMs: number };

function noProvider(
  providers: OpenProvider[],
  known: Map<string, CoolDown>,
  { failedAttempts, end }: { failedAttempts: FailedAttempt[]; end: CallEnd },
): ModelCallOutcome {
  const lastOf = ({ id }: OpenProvider) => failedAttempts.findLast((attempt) => attempt.provider === id);
  const reasons = providers.map((provider) => {
    const coolDown = known.get(provider.key);
    const reason = lastOf(provider)?.message ?? coolDown?.message ?? "not ready";
    const isOver = typeof end === "string" || coolDown === undefined;
    const until = isOver
      ? ""
      : ` (skipped for ${formatDurationMs(Math.max(0, coolDown.untilMs - end.nowMs))} after ${coolDown.failureCount} ${coolDown.failureCount === 1 ? "failure" : "failures"})`;
    const advice = adviceFor(lastOf(provider)?.status ?? coolDown?.status);
    return `${provider.id} (${provider.model}): ${reason}${until}${advice === undefined ? "" : `; ${advice}`}`;
  });
  if (end === "silence")
    reasons.push(
      "a long prompt takes long to read: raise silenceMax of the model in roost.yaml, or use a faster model",
    );
  const codes = new Set(providers.map((provider) => lastOf(provider)?.code ?? known.get(provider.key)?.code));
  const [onlyCode] = codes;
  return {
    kind: "failed",
    code: codes.size === 1 && onlyCode !== undefined ? onlyCode : "unavailable",
    message: `no model provider answers; ${reasons.join("; ")}`,
    isRetryable: typeof end !== "string",
    retryAtMs: typeof end === "string" ? undefined : end.readyAtMs,
    failedAttempts,
  };
}

/** What a person can do about it. */
function adviceFor(status: number | undefined): string | undefined {
  if (status === 401 || status === 403) return "check its key, and restart Roost";
  if (status === 402) return "add credit there, or use another model";
  if (status === 404) return "check the name of the model and the address (up to /v1)";
  return undefined;
}

/** A failing watcher must not fail the call. */
function guarded(options: ModelCallOptions, logger: Logger): (delta: ModelDelta) => void {
  return (delta) => {
    try {
      options.onDelta?.(delta);
    } catch (error) {
      logger.warn("a watcher of the reply failed", { error });
    }
  };
}
