// One attempt with one provider: reserve, request, read, settle. Knows nothing of other providers.

import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4FunctionTool } from "@ai-sdk/provider";
import { RoostError, type Clock, type JsonObject, type Logger } from "@roost/base";
import { describePart, formatBytes, type Part } from "@roost/contract/part";
import type { AssistantMessage, Message } from "../messages/message.ts";
import { estimateCallMax } from "../usage/estimate-call-max.ts";
import { estimateTokens } from "../usage/estimate-tokens.ts";
import { readCost, readUsage } from "../usage/read-usage.ts";
import type { SpendReservation } from "../usage/spend.ts";
import type { CallActual, TokenPrice } from "../usage/token-usage.ts";
import { classifyFailure, type ModelFailure } from "./classify-failure.ts";
import type { FinishReason, ModelCallOptions, ModelLimits, ModelReply, ModelRequest } from "./models.ts";
import { leftOutOf, partsOf, readPartBytes, type KeepPart, type ModelInput, type PartBytes } from "./model-input.ts";
import { outputTokensFor } from "./output-tokens.ts";
import type { ProviderConfig } from "./provider-config.ts";
import { readReply, type RawReply } from "./read-reply.ts";
import type { Silence } from "./watch-silence.ts";
import { toPrompt } from "./to-prompt.ts";
import type { Wire } from "../wire/create-wire.ts";

/** A provider that is ready for calls. */
export interface OpenProvider {
  id: string;
  kind: ProviderConfig["kind"];
  model: string;
  key: string;
  languageModel: () => Promise<LanguageModelV4>;
  wire: Wire;
  /** As configured, or less where the server told so. */
  readonly contextTokensMax: number;
  learnContext: (tokens: number | undefined) => void;
  outputTokensMax?: number | undefined;
  silenceMsMax?: number | undefined;
  /** Its server, if that is asked for one thing at a time. */
  queuedServer?: string | undefined;
  price?: TokenPrice | undefined;
  /** By which what its cache saved is reckoned, as far as known. Called where it saved something. */
  savingPrice: () => TokenPrice | undefined;
  temperature?: number | undefined;
  /** What it takes, as far as is known by now. */
  input: () => readonly ModelInput[];
  secrets: string[];
  isRehearsal: boolean;
}

export type AttemptOutcome =
  | { kind: "message"; reply: Omit<ModelReply, "failedAttempts"> }
  | { kind: "spend_refused"; cap: string; message: string }
  | { kind: "failed"; failure: ModelFailure; hadDeltas: boolean };

export interface AttemptOptions extends ModelCallOptions {
  promptTokens: number;
  limits: ModelLimits;
  silence: Silence;
  /** For this attempt. */
  silenceMsMax: number;
  clock: Clock;
  logger: Logger;
}

export async function attemptCall(
  provider: OpenProvider,
  request: ModelRequest,
  options: AttemptOptions,
): Promise<AttemptOutcome> {
  options.signal.throwIfAborted();
  const { promptTokens, limits, clock } = options;
  const outputTokensMax = outputTokensFor(provider, { promptTokens, asked: request.outputTokensMax });
  const price = provider.price === undefined ? {} : { price: provider.price };
  const estimate = estimateCallMax({ promptTokens, maxOutputTokens: outputTokensMax, ...price });
  const input = provider.input();
  const bytes = await readPartBytes(request.messages, { input, read: request.readPart });
  const reservation = await options.reserveSpend?.({
    ...estimate,
    provider: provider.id,
    model: provider.model,
    step: options.step,
  });
  if (reservation?.state === "refused")
    return { kind: "spend_refused", cap: reservation.cap, message: reservation.message };

  const progress = { receivedText: "", hasDeltas: false };
  let raw: RawReply;
  try {
    raw = await readReply(await provider.languageModel(), {
      call: {
        prompt: toPrompt(request, {
          provider: provider.id,
          model: provider.model,
          takesFields: provider.kind === "openai-compatible",
          input,
          bytes,
        }),
        maxOutputTokens: outputTokensMax,
        ...toolsOf(request),
        ...(provider.temperature === undefined ? {} : { temperature: provider.temperature }),
        // Only the rehearsal model reads this; others ignore names that are not theirs.
        providerOptions: provider.isRehearsal ? { roost: described(request) } : {},
      },
      toolNames: request.toolNames ?? request.tools.map(({ name }) => name),
      signal: options.signal,
      wire: provider.wire,
      silence: options.silence,
      silenceMsMax: options.silenceMsMax,
      silenceRemarkMs: limits.silenceRemarkMs,
      callMsMax: limits.callMsMax,
      nowMs: () => clock.nowMs(),
      replyCharsMax: limits.replyCharsMax,
      logger: options.logger,
      onDelta: (delta) => options.onDelta?.(delta),
      progress,
    });
  } catch (error) {
    const failure = learnFrom(error, provider, clock.nowMs());
    const wasAborted = options.signal.aborted;
    await settle(
      reservation,
      wasAborted || failure.mayHaveBilled
        ? usedUpTo(progress.receivedText, { promptTokens, outputTokensMax, price: provider.price })
        : nothingUsed,
    );
    if (wasAborted) throw options.signal.reason;
    return { kind: "failed", failure, hadDeltas: progress.hasDeltas };
  }
  const reply = toReply(raw, { provider, outputTokensMax, messages: request.messages, bytes });
  await keepFiles(raw.files, reply, { keep: request.keepPart, logger: options.logger });
  await settle(
    reservation,
    actualOf(reply, { promptTokens, outputTokensMax, receivedText: progress.receivedText, price: provider.price }),
  );
  return { kind: "message", reply };
}

/** Adds files to the reply. One that cannot be kept costs itself only, as the reply is paid for. */
async function keepFiles(
  files: readonly Uint8Array[],
  reply: Pick<ModelReply, "message" | "leftOut">,
  { keep, logger }: { keep: KeepPart | undefined; logger: Logger },
): Promise<void> {
  const parts: Part[] = [];
  const unkept: string[] = [];
  for (const [index, bytes] of (keep === undefined ? [] : files).entries()) {
    const name = `made-${index + 1}`;
    try {
      parts.push(await keep!({ bytes, name }));
    } catch (error) {
      logger.warn("what a model made could not be kept", { error, byteCount: bytes.byteLength });
      const why = error instanceof RoostError ? error.message : "the log tells why";
      unkept.push(`The model made ${name} (${formatBytes(bytes.byteLength)}), which could not be kept: ${why}`);
    }
  }
  if (parts.length > 0) reply.message.parts = parts;
  if (unkept.length > 0) reply.leftOut = [...(reply.leftOut ?? []), ...unkept];
}

function learnFrom(error: unknown, provider: OpenProvider, nowMs: number): ModelFailure {
  const failure = classifyFailure(error, { nowMs, secrets: provider.secrets });
  if (failure.isContextExceeded) provider.learnContext(failure.contextTokensMax);
  return failure;
}

/** The sections with their sizes, and the message to answer with what it carries. */
function described({ sections, messages }: ModelRequest): JsonObject {
  const asked = messages.findLast(({ role }) => role === "user");
  return {
    sections: sections.map(({ name, text }) => ({ name, tokens: estimateTokens(text) })),
    ...(asked === undefined ? {} : { asked: { text: asked.text, parts: partsOf(asked).map(describePart) } }),
  };
}

const nothingUsed: CallActual = { inputTokens: 0, outputTokens: 0, costUsd: 0, isEstimated: false };

async function settle(reservation: SpendReservation | undefined, actual: CallActual): Promise<void> {
  if (reservation?.state === "granted") await reservation.settle(actual);
}

interface AskedCall {
  promptTokens: number;
  outputTokensMax: number;
  price: TokenPrice | undefined;
}

/** A provider may bill a reply that was cut off, so it is counted up to there. */
function usedUpTo(receivedText: string, call: AskedCall): CallActual {
  const price = call.price === undefined ? {} : { price: call.price };
  const used = estimateCallMax({
    promptTokens: call.promptTokens,
    // If a server sends more than requested, no more than the reservation is billed.
    maxOutputTokens: Math.min(call.outputTokensMax, estimateTokens(receivedText)),
    ...price,
  });
  return { ...used, isEstimated: true };
}

function actualOf(reply: Omit<ModelReply, "failedAttempts">, call: AskedCall & { receivedText: string }): CallActual {
  const upper = usedUpTo(call.receivedText, call);
  const { inputTokens, outputTokens } = reply.usage;
  return {
    inputTokens: inputTokens ?? upper.inputTokens,
    outputTokens: outputTokens ?? upper.outputTokens,
    costUsd: reply.costUsd ?? upper.costUsd,
    isEstimated: inputTokens === null || outputTokens === null || (reply.costUsd === null && upper.costUsd !== null),
  };
}

function toReply(
  raw: RawReply,
  {
    provider,
    outputTokensMax,
    ...asked
  }: { provider: OpenProvider; outputTokensMax: number; messages: readonly Message[]; bytes: PartBytes },
): Omit<ModelReply, "failedAttempts"> {
  // What the server refused is known by now.
  const leftOut = leftOutOf(asked.messages, { input: provider.input(), bytes: asked.bytes });
  const usage = readUsage(raw.usage);
  const message: AssistantMessage = {
    role: "assistant",
    text: raw.text,
    ...(raw.reasoning.length === 0 ? {} : { reasoning: raw.reasoning }),
    ...(raw.reasoningField === undefined ? {} : { reasoningField: raw.reasoningField }),
    ...(raw.toolCalls.length === 0 ? {} : { toolCalls: raw.toolCalls }),
    provider: provider.id,
    model: provider.model,
    ...(provider.isRehearsal ? { isRehearsed: true } : {}),
  };
  const cost = readCost(
    { usage: raw.usage, providerMetadata: raw.providerMetadata, tokens: usage },
    { price: provider.price, savingPrice: provider.savingPrice },
  );
  const mends = raw.mends.length === 0 ? {} : { mends: raw.mends };
  const unread = raw.hasUnreadCall ? { hasUnreadCall: true } : {};
  const finishReason = finishReasonOf(raw);
  const isCutEarly = finishReason === "length" && usage.outputTokens !== null && usage.outputTokens < outputTokensMax;
  const cutAt = isCutEarly ? { cutAt: usage.outputTokens! } : {};
  const told = leftOut.length === 0 ? mends : { ...mends, leftOut };
  return { kind: "message", message, finishReason, outputTokensMax, ...cutAt, ...told, ...unread, usage, ...cost };
}

function finishReasonOf(raw: RawReply): FinishReason {
  if (raw.isRepetition === true) return "repetition";
  const { unified } = raw.finishReason;
  if (unified === "stop" || unified === "length") return unified;
  if (unified === "content-filter") return "content_filter";
  return unified === "tool-calls" ? "tool_calls" : "other";
}

/** And the form of the answer. */
function toolsOf({
  tools,
  answerFormat,
  toolChoice,
}: ModelRequest): Pick<LanguageModelV4CallOptions, "tools" | "responseFormat" | "toolChoice"> {
  return {
    ...(tools.length > 0 && { tools: tools.map(functionTool) }),
    ...(answerFormat && { responseFormat: { type: "json", ...answerFormat } as const }),
    ...(toolChoice && {
      toolChoice: toolChoice === "required" ? { type: toolChoice } : { type: "tool", toolName: toolChoice.toolName },
    }),
  };
}

function functionTool(tool: ModelRequest["tools"][number]): LanguageModelV4FunctionTool {
  return {
    type: "function",
    name: tool.name,
    description: tool.description,
    inputSchema: tool.inputSchema,
  };
}
