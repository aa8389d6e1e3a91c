/** Goes through the servers that can answer a call, until one begins to. Nothing is repeated after the first byte. */
import { backoffMs, delay, formatDurationMs, type Clock } from "@roost/base";
import { attemptCall, type AttemptEnd } from "./attempt-call.ts";
import { awaitTurn, type TurnOptions } from "./await-turn.ts";
import { createUsageFilter } from "./create-usage-filter.ts";
import type { CoolDownExchange } from "./share-cool-downs.ts";
import type { ProxyCall } from "./proxy-call.ts";
import { answerHeaders } from "./send-whole.ts";
import { spliceFields } from "./splice-fields.ts";
import { coolDownAfter, orderByReadiness, type ModelTarget } from "./upstream.ts";

export interface Tried {
  end: AttemptEnd;
  candidate: ModelTarget;
  attemptCount: number;
}

export interface TryOptions extends TurnOptions {
  clock: Clock;
  startedMs: number;
  coolDowns: CoolDownExchange;
}

/** Of one call, all servers together. */
const attemptsMax = 4;
const pause = { firstMs: 200, maxMs: 2_000 };
/** A longer one is told to the caller instead. */
const retryAfterMsMax = 5_000;
/** After a call that got no turn. */
const busyRetryMs = 30_000;
const messageChars = 300;

export async function tryCandidates(
  call: ProxyCall,
  candidates: readonly ModelTarget[],
  options: TryOptions,
): Promise<Tried> {
  const { clock, logger, coolDowns } = options;
  await coolDowns.adopt(candidates);
  const ordered = orderByReadiness(candidates, clock);
  for (let attemptCount = 1; ; attemptCount += 1) {
    const candidate = ordered[(attemptCount - 1) % ordered.length]!;
    const { upstream } = candidate;
    const attemptStartedMs = clock.nowMs();
    const end = await attemptOne(call, candidate, options);
    if (end.kind === "answered") {
      if (upstream.coolDown !== undefined) {
        upstream.coolDown = undefined;
        coolDowns.tell(candidate);
      }
      return { end, candidate, attemptCount };
    }
    const tried = { end, candidate, attemptCount };
    if (call.response.destroyed || !isPassing(end)) return tried;
    const { message, retryAfterMs, status } = describeFailure(end, clock.nowMs());
    if (end.kind !== "busy") {
      coolDownAfter(upstream, { status, message, retryAfterMs }, { startedMs: attemptStartedMs, nowMs: clock.nowMs() });
      coolDowns.tell(candidate);
      logger.warn("A model server failed", { provider: upstream.id, model: candidate.model, status, reason: message });
    }
    if (attemptCount >= attemptsMax || (ordered.length === 1 && !mayHelpAgain(end))) return tried;
    if (attemptCount % ordered.length > 0) continue;
    // Each has been asked.
    const waitMs = Math.max(backoffMs(Math.ceil(attemptCount / ordered.length), pause), retryAfterMs ?? 0);
    if (waitMs > retryAfterMsMax) return tried;
    await delay(waitMs);
    if (call.response.destroyed) return tried;
  }
}

async function attemptOne(call: ProxyCall, candidate: ModelTarget, options: TryOptions): Promise<AttemptEnd> {
  const { upstream, model } = candidate;
  const { startedMs } = options;
  const enteredMs = performance.now();
  await using turn = await awaitTurn(call.response, upstream, options);
  if (turn === null) return { kind: "busy", waitedMs: performance.now() - enteredMs };
  const isCompletion = call.path === "/chat/completions" || call.path === "/completions";
  const isStreamed = call.body["stream"] === true && isCompletion;
  for (;;) {
    const asksUsage = isStreamed && call.body["stream_options"] === undefined && !upstream.tellsNoUsage;
    const end = await attemptCall(upstream, {
      path: call.path,
      body: spliceFields(call.text, { model, ...(asksUsage ? { stream_options: { include_usage: true } } : {}) }),
      headers: passedOn(call),
      response: call.response,
      answerHeaders: {
        "x-roost-model": headerText(`${upstream.id}/${model}`),
        ...answerHeaders,
      },
      filter: asksUsage ? createUsageFilter() : undefined,
      startedMs,
    });
    if (!asksUsage || end.kind !== "refused" || !complainsOfUsage(end)) return end;
    upstream.tellsNoUsage = true;
  }
}

function complainsOfUsage({ status, body }: Extract<AttemptEnd, { kind: "refused" }>): boolean {
  return (status === 400 || status === 422) && /stream_options|include_usage/.test(body.toString("utf8"));
}

/** What of the caller's headers a server gets: nothing that names or authenticates the caller. */
function passedOn({ headers }: ProxyCall): Record<string, string> {
  const passed: Record<string, string> = {};
  const { accept } = headers;
  if (typeof accept === "string" && accept.length < 200) passed["accept"] = accept;
  const beta = headers["openai-beta"];
  if (typeof beta === "string" && beta.length < 200) passed["openai-beta"] = beta;
  return passed;
}

/** Names of models may have characters that a header does not take. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 250);
}

type Failed = Exclude<AttemptEnd, { kind: "answered" }>;

/** Another server, or this one later, may do it; wrong keys and missing credit are this server's too. */
function isPassing(end: Failed): boolean {
  if (end.kind !== "refused") return true;
  const { status } = end;
  return [401, 402, 403, 404, 408, 409, 425, 429].includes(status) || status >= 500 || status < 400;
}

/** Whether the same server may answer if it is asked again. */
function mayHelpAgain(end: Failed): boolean {
  return end.kind !== "refused" || [408, 409, 425, 429].includes(end.status) || end.status >= 500;
}

export function describeFailure(
  end: Failed,
  nowMs: number,
): { status: number | undefined; message: string; retryAfterMs: number | undefined } {
  if (end.kind === "busy") {
    const message = `it answers one call at a time, and others were before this one for ${formatDurationMs(end.waitedMs)}`;
    return { status: 503, message, retryAfterMs: busyRetryMs };
  }
  if (end.kind === "unreachable") {
    const { code } = end.error as { code?: unknown };
    const text = end.error.message === "" && typeof code === "string" ? code : end.error.message;
    return { status: undefined, message: text.slice(0, messageChars), retryAfterMs: undefined };
  }
  const { status, headers, body } = end;
  const message = `HTTP ${status}: ${body.toString("utf8").replaceAll(/\s+/g, " ").slice(0, messageChars)}`;
  const text = headers["retry-after"];
  const seconds = typeof text === "string" ? Number(text) : NaN;
  const date = typeof text === "string" ? Date.parse(text) - nowMs : NaN;
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : Number.isFinite(date) ? date : undefined;
  return { status, message, retryAfterMs: retryAfterMs === undefined ? undefined : Math.max(0, retryAfterMs) };
}
