// Reads a provider's stream: text, reasoning, tool calls, usage. Limits silence and length, and closes the connection when it stops reading for any
// reason.

import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4FinishReason,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
  SharedV4ProviderMetadata,
} from "@ai-sdk/provider";
import { RoostError, storableText, type JsonValue, type Logger } from "@roost/base";
import type { ToolCallPart } from "../messages/message.ts";
import type { Wire } from "../wire/create-wire.ts";
import { filesOf, type WireMedia } from "../wire/take-media.ts";
import { collectCalls, metadataOf } from "./collect-calls.ts";
import type { ModelDelta } from "./models.ts";
import { createCircleFinder, withoutCircle } from "./create-circle-finder.ts";
import { createThoughtSplitter, opensThinkingItself, type ThoughtPart } from "./create-thought-splitter.ts";
import { settleText } from "./settle-text.ts";
import { watchTurnEnd } from "./cut-at-turn-end.ts";
import { watchSilence, type Silence } from "./watch-silence.ts";

export interface RawReply {
  text: string;
  reasoning: { text: string; providerMetadata?: JsonValue }[];
  toolCalls: ToolCallPart[];
  finishReason: LanguageModelV4FinishReason;
  usage: LanguageModelV4Usage | undefined;
  providerMetadata: SharedV4ProviderMetadata | undefined;
  /** It was stopped because it went round in circles. */
  isRepetition?: boolean;
  /** The wire field in which the thinking came. */
  reasoningField?: string | undefined;
  mends: string[];
  /** The text holds what looks like a call of a tool and could not be read as one. */
  hasUnreadCall: boolean;
  /** Pictures and sound that the model made. */
  files: Uint8Array[];
}

export interface ReadReplyOptions {
  call: LanguageModelV4CallOptions;
  /** All tools that can be called, shown or not. */
  toolNames: readonly string[];
  signal: AbortSignal;
  /** Bytes that are not part of the reply are also signs of life. */
  wire: Wire;
  silence: Silence;
  /** For this attempt, including silence of earlier ones. */
  silenceMsMax: number;
  silenceRemarkMs: number;
  callMsMax: number;
  nowMs: () => number;
  replyCharsMax: number;
  logger: Logger;
  onDelta: (delta: ModelDelta) => void;
  /** Updated as it grows, so that a failed attempt can be settled. */
  progress: { receivedText: string; hasDeltas: boolean };
}

/** @throws the signal's reason when aborted; a RoostError `timeout` on a stall; else what the provider package threw. */
export async function readReply(model: LanguageModelV4, options: ReadReplyOptions): Promise<RawReply> {
  options.signal.throwIfAborted();
  const stop = new AbortController();
  const abort = () => stop.abort(options.signal.reason);
  options.signal.addEventListener("abort", abort, { once: true });
  const watch = watchSilence(options, (reason) => stop.abort(reason));
  const stopped = new Promise<never>((_resolve, reject) => {
    stop.signal.addEventListener("abort", () => reject(stop.signal.reason), { once: true });
  });
  stopped.catch(() => {});

  let reader: ReadableStreamDefaultReader<LanguageModelV4StreamPart> | undefined;
  try {
    const heard: Pick<RawReply, "reasoningField" | "mends"> = { mends: [] };
    let areToolsText = false;
    const media: WireMedia[] = [];
    const files: Uint8Array[] = [];
    const call = { ...options.call, abortSignal: stop.signal };
    const onWire = {
      onBytes: watch.sign,
      onReasoningField: (field: string) => (heard.reasoningField ??= field),
      onMends: (mends: string[]) => (heard.mends = mends),
      onToolsAsText: () => (areToolsText = true),
      onMedia: (pieces: WireMedia[]) => void media.push(...pieces),
    };
    const opening = options.wire.watched(onWire, async () => await model.doStream(call));
    const { stream } = await Promise.race([opening, stopped]);
    reader = stream.getReader();
    const reply = createReplyReader(options, { holds: opensThinkingItself(model.modelId), areToolsText });
    for (;;) {
      const { done, value: part } = await Promise.race([reader.read(), stopped]);
      if (done) return { ...reply.finish(), ...heard, files: filesOf(media, files) };
      if (part.type === "stream-start" || part.type === "ping") continue;
      watch.sign();
      if (part.type === "file" && part.data.type === "data") files.push(bytesOf(part.data.data));
      reply.take(part);
      const isRepetition = reply.isCircling();
      if (!reply.isOver()) continue;
      stop.abort(new RoostError("limit_exceeded", "the reply goes on after its end"));
      reader.cancel().catch(() => {});
      return { ...reply.finish(), ...heard, files: filesOf(media, files), isRepetition };
    }
  } catch (error) {
    // A stall or an abort appears in different forms inside the stream; the reason is always the same.
    const reason: unknown = stop.signal.aborted ? stop.signal.reason : error;
    stop.abort(reason);
    reader?.cancel().catch(() => {});
    throw reason;
  } finally {
    watch.stop();
    options.signal.removeEventListener("abort", abort);
  }
}

/** No text has more characters to a token: a server that goes on for longer does not heed its limit. */
const charsPerTokenMax = 12;
const charsAlwaysRead = 16_000;

/** Text, thinking and arguments alike. */
function watchLength({ progress, replyCharsMax, call: { maxOutputTokens = Infinity } }: ReadReplyOptions) {
  const charsMax = Math.min(replyCharsMax, Math.max(charsAlwaysRead, maxOutputTokens * charsPerTokenMax));
  let charCount = 0;
  let isCircle = false;
  const findCircle = createCircleFinder();
  return {
    isCircling: () => isCircle,
    isTooLong: () => charCount > charsMax,
    grow: (delta: string, { isArguments = false } = {}) => {
      charCount += delta.length;
      progress.receivedText += delta;
      isCircle ||= findCircle(delta, { isText: !isArguments });
    },
  };
}

function createReplyReader(options: ReadReplyOptions, known: { holds: boolean; areToolsText: boolean }) {
  const texts: string[] = [];
  const splitter = createThoughtSplitter(known);
  const thoughts: string[] = [];
  let end: FinishPart | undefined;
  const { look, isPastTurn } = watchTurnEnd(texts);
  const { grow, isCircling, isTooLong } = watchLength(options);

  const show = (delta: ModelDelta) => {
    options.progress.hasDeltas = true;
    options.onDelta(delta);
  };

  const takeText = (parts: ThoughtPart[]) => {
    for (const part of parts) {
      if (part.type === "reset") texts.length = 0;
      else (part.type === "text" ? texts : thoughts).push(part.text);
      show(part);
      if (part.type === "text") look();
    }
  };
  const thinking = collectThinking(options, { grow, show });
  const calls = collectCalls(options.logger, grow);

  return {
    take(part: LanguageModelV4StreamPart): void {
      switch (part.type) {
        case "text-delta":
          grow(part.delta);
          takeText(splitter.push(part.delta));
          return;
        case "reasoning-start":
        case "reasoning-delta":
        case "reasoning-end":
          thinking.take(part);
          return;
        case "tool-input-start":
        case "tool-input-delta":
        case "tool-call":
          calls.take(part);
          return;
        case "error":
          throw part.error;
        case "finish":
          end = part;
          return;
        default: // Files are read elsewhere; sources and provider-run tools are not part of this transcript.
      }
    },
    isCircling,
    isOver: () => isCircling() || isPastTurn() || isTooLong(),
    finish: () => {
      takeText(splitter.finish());
      // Refused as cut off, so that the model is told.
      const toolCalls = isTooLong() ? calls.all() : calls.whole;
      const inText = thoughts.length === 0 ? [] : [{ text: thoughts.join("").trim() }];
      const content = { texts, toolCalls, reasoning: [...thinking.blocks.values(), ...inText] };
      const settled = settleText({ ...content, toolNames: options.toolNames, ...known, show });
      if (isCircling()) texts.splice(0, Infinity, withoutCircle(texts.join("")));
      const stopped = isPastTurn() ? endOfTurn : isTooLong() ? endOfLength : undefined;
      const ended = isCircling() ? endOfCircle : (end ?? stopped);
      return { ...toRawReply(content, ended), ...settled };
    },
  };
}

/** Thinking that the server keeps apart from the text. */
function collectThinking(
  { logger }: ReadReplyOptions,
  { grow, show }: { grow: (delta: string) => void; show: (delta: ModelDelta) => void },
) {
  const blocks = new Map<string, RawReply["reasoning"][number]>();
  return {
    blocks,
    take: (part: ReasoningPart) => {
      const block = blocks.get(part.id) ?? { text: "" };
      blocks.set(part.id, block);
      Object.assign(block, metadataOf(part.providerMetadata, logger));
      if (part.type !== "reasoning-delta") return;
      grow(part.delta);
      block.text += part.delta;
      if (part.delta !== "") show({ type: "reasoning", text: part.delta });
    },
  };
}

type ReasoningPart = Extract<LanguageModelV4StreamPart, { type: `reasoning-${"start" | "delta" | "end"}` }>;
type FinishPart = Extract<LanguageModelV4StreamPart, { type: "finish" }>;

const noUsage: LanguageModelV4Usage = {
  inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
};

const endOfTurn = { finishReason: { unified: "stop", raw: "turn end" }, usage: noUsage } as const;
const endOfLength = { finishReason: { unified: "length", raw: "too long" }, usage: noUsage } as const;
const endOfCircle = { finishReason: { unified: "length", raw: "repetition" }, usage: noUsage } as const;

function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? Buffer.from(data, "base64") : data;
}

function toRawReply(
  content: { texts: string[]; reasoning: RawReply["reasoning"]; toolCalls: ToolCallPart[] },
  end: Pick<FinishPart, "finishReason" | "usage" | "providerMetadata"> | undefined,
): Omit<RawReply, "mends" | "reasoningField" | "files" | "hasUnreadCall"> {
  if (end === undefined || !isComplete(end.finishReason)) {
    throw new RoostError("unavailable", "the reply ended before it was complete");
  }
  return {
    text: storableText(content.texts.join("")),
    reasoning: content.reasoning
      .filter((block) => block.text !== "" || block.providerMetadata !== undefined)
      .map((block) => ({ ...block, text: storableText(block.text) })),
    toolCalls: content.toolCalls,
    finishReason: end.finishReason,
    usage: end.usage,
    providerMetadata: end.providerMetadata,
  };
}

/** Packages report a stream that merely stops in different ways; one is "other" without the server's own reason. */
function isComplete({ unified, raw }: LanguageModelV4FinishReason): boolean {
  return unified !== "error" && unified !== "interrupted" && !(unified === "other" && raw === undefined);
}
