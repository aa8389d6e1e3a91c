/** One call from its estimate to its record: reserves, asks the servers, settles, books. */
import { parseDurationMs, RoostError, toRoostError, type Clock } from "@roost/base";
import type { SpendBlocks, TakenSpend } from "@roost/kernel";
import type { TurnOptions } from "./await-turn.ts";
import type { CallRecord } from "./create-call-records.ts";
import { cacheKeyOf, cachedBytesMax, type ResponseCache } from "./create-response-cache.ts";
import { boundUsd, estimateRequest } from "./estimate-request.ts";
import type { UpstreamModels } from "./create-upstream-models.ts";
import { sendOpenAiError, toOpenAiError } from "./openai-error.ts";
import type { ProxyCall } from "./proxy-call.ts";
import { readWireUsage, type CallUsage } from "./read-wire-usage.ts";
import { refuseSpellings } from "./refuse-spellings.ts";
import { sendWhole } from "./send-whole.ts";
import type { CoolDownExchange } from "./share-cool-downs.ts";
import { describeFailure, tryCandidates, type Tried } from "./try-candidates.ts";
import type { ModelTarget } from "./upstream.ts";

export interface PassContext extends TurnOptions {
  candidatesOf: (model: string) => readonly ModelTarget[] | undefined;
  /** What a call of a model without any is refused with. */
  refusalOf: (model: string) => RoostError;
  models: Pick<UpstreamModels, "priceOf">;
  blocksOf: (scopes: readonly string[]) => Pick<SpendBlocks, "take">;
  cache: ResponseCache;
  record: (record: CallRecord) => void;
  clock: Clock;
  coolDowns: CoolDownExchange;
}

const modelCharsShown = 100;
const cacheMsMax = 24 * 3_600_000;
const cacheHeader = "x-roost-cache";

/** Answers the call, or throws before it has. */
export async function passCall(context: PassContext, call: ProxyCall): Promise<void> {
  const { clock, models, cache } = context;
  refuseSpellings(call.body);
  const model = String(call.body["model"]);
  const candidates = context.candidatesOf(model);
  if (candidates === undefined) throw context.refusalOf(model.slice(0, modelCharsShown));
  const begun = { at: new Date(clock.nowMs()).toISOString(), startedMs: performance.now(), model };
  const keptMs = cacheMsOf(call);
  const key = keptMs === undefined ? undefined : cacheKeyOf(call.caller.id, call.path, call.text);
  if (key !== undefined && answerFromCache(cache, key, call))
    return context.record(toRecord(call, begun, { status: 200, attempts: 0, isCached: true }));
  const outputTokensMax = candidates[0]?.upstream.outputTokensMax;
  const estimate = estimateRequest(call.text, call.body, { path: call.path, outputTokensMax });
  const bounds = candidates.map(({ upstream, model: name }) => boundUsd(estimate, models.priceOf(upstream, name)));
  const bound = { usd: Math.max(...bounds), tokens: estimate.inputTokens + estimate.outputTokens };
  const taken = await take(context, call, bound);
  let spent = { usd: 0, tokens: 0 };
  try {
    const tried = await tryCandidates(call, candidates, { ...context, startedMs: begun.startedMs });
    const { end, candidate, attemptCount: attempts } = tried;
    const provider = candidate.upstream.id;
    if (end.kind !== "answered") {
      // The server may have carried it out, and charges for it then.
      if (end.kind === "unreachable" && end.wasSent) spent = bound;
      const status = answerFailure(call, tried, clock);
      return context.record(toRecord(call, begun, { status, attempts, provider, isCut: call.response.destroyed }));
    }
    const { kept: answer } = end;
    const text = /json|event-stream|text/.test(end.contentType) ? answer.toString("utf8") : "";
    const price = models.priceOf(candidate.upstream, candidate.model);
    const usage = readWireUsage(text, { inputTokens: estimate.inputTokens, price });
    spent = { usd: usage.costUsd ?? 0, tokens: usage.inputTokens + usage.outputTokens };
    if (key !== undefined && end.status === 200 && !end.isCut && answer.length <= cachedBytesMax)
      cache.set(key, { contentType: end.contentType, body: answer, untilMs: clock.nowMs() + keptMs! });
    const { status, isCut, firstByteMs } = end;
    context.record(toRecord(call, begun, { status, attempts, provider, usage, firstByteMs, isCut }));
  } finally {
    await settle(context, taken, spent);
  }
}

interface CallResult {
  status: number;
  attempts: number;
  provider?: string;
  usage?: CallUsage;
  firstByteMs?: number;
  isCached?: boolean;
  isCut?: boolean;
}

function toRecord(
  { path }: ProxyCall,
  { at, startedMs, model }: { at: string; startedMs: number; model: string },
  { usage, firstByteMs = -1, status, attempts, provider, isCached, isCut }: CallResult,
): CallRecord {
  return {
    at,
    path,
    model: model.slice(0, 200),
    provider,
    status,
    attempts,
    ms: Math.round(performance.now() - startedMs),
    firstByteMs: firstByteMs < 0 ? undefined : Math.round(firstByteMs),
    inputTokens: usage?.inputTokens ?? 0,
    cachedTokens: usage?.cachedTokens || undefined,
    outputTokens: usage?.outputTokens ?? 0,
    costUsd: usage === undefined ? 0 : usage.costUsd,
    savedUsd: usage?.savedUsd || undefined,
    isEstimated: usage?.isEstimated === true ? true : undefined,
    isCached: isCached === true ? isCached : undefined,
    isCut: isCut === true ? isCut : undefined,
  };
}

type Granted = Extract<TakenSpend, { granted: true }>;

async function take(
  { blocksOf }: PassContext,
  { caller }: ProxyCall,
  bound: { usd: number; tokens: number },
): Promise<Granted> {
  const taken = await blocksOf(caller.scopes).take(bound);
  if (taken.granted) return taken;
  throw new RoostError("limit_exceeded", taken.message, {
    details: { type: "insufficient_quota", code: "insufficient_quota" },
  });
}

async function settle({ logger }: PassContext, taken: Granted, actual: { usd: number; tokens: number }): Promise<void> {
  await taken.settle(actual).catch((error: unknown) => {
    logger.warn("A block of spending was not settled: it counts as spent", { reason: toRoostError(error).message });
  });
}

/** How long the caller wants the answer to be kept. @throws RoostError `invalid_input` */
function cacheMsOf({ headers }: ProxyCall): number | undefined {
  const asked = headers[cacheHeader];
  if (asked === undefined) return undefined;
  const ms = parseDurationMs(String(asked));
  if (ms > 0 && ms <= cacheMsMax) return ms;
  throw new RoostError(
    "invalid_input",
    `${cacheHeader} is ${String(asked).slice(0, 20)}: give a duration like 10m, up to 24h`,
  );
}

function answerFromCache(cache: ResponseCache, key: string, { response }: ProxyCall): boolean {
  const found = cache.get(key);
  if (found === undefined) {
    response.setHeader(cacheHeader, "miss");
    return false;
  }
  const { contentType, body } = found;
  sendWhole(response, { status: 200, contentType, body, headers: { [cacheHeader]: "hit" } });
  return true;
}

const upstreamErrorMax = 1_000;

/** The server's own answer where it gave one; returns the status. */
function answerFailure({ response }: ProxyCall, { end, candidate }: Tried, clock: Clock): number {
  if (end.kind === "answered" || response.destroyed || response.headersSent) return 499;
  const { upstream } = candidate;
  // A wrong key of the home's is no fault of the caller's key, and a page that moved is none of its request.
  const isOwnFault = end.kind === "refused" && (end.status === 401 || end.status === 402 || end.status < 400);
  const isJson = end.kind === "refused" && /json/.test(String(end.headers["content-type"]));
  if (end.kind === "refused" && isJson && !isOwnFault) {
    const { status, body } = end;
    const retryAfter = end.headers["retry-after"];
    const headers = typeof retryAfter === "string" ? { "retry-after": retryAfter } : {};
    sendWhole(response, { status, contentType: "application/json", body, headers });
    return status;
  }
  const { message, retryAfterMs } = describeFailure(end, clock.nowMs());
  const isBusy = end.kind === "busy";
  const status = isBusy ? 503 : end.kind === "refused" && !isOwnFault ? end.status : 502;
  const told = `${upstream.id} does not answer${isBusy ? " now" : ""}: ${message.slice(0, upstreamErrorMax)}`;
  const again = isBusy ? { code: "model_busy", retryAfterS: Math.ceil((retryAfterMs ?? 0) / 1000) } : undefined;
  const details = { httpStatus: status, code: "upstream_error", ...again };
  const error = new RoostError("unavailable", told, { details });
  sendOpenAiError(response, toOpenAiError(error));
  return status;
}
