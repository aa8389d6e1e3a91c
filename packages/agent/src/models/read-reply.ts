// Reads one provider's stream to its end: text, reasoning, tool calls, usage. It watches for stalls
// and runaway replies, and closes the upstream connection when it stops reading for any reason.

import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4FinishReason,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
  SharedV4ProviderMetadata,
} from "@ai-sdk/provider";
import { RoostError, type JsonValue, type Logger } from "@roost/base";
import type { ToolCallPart } from "../messages/message.ts";
import { storableText } from "../messages/storable-text.ts";
import type { ModelDelta } from "./models.ts";

export interface RawReply {
  text: string;
  reasoning: { text: string; providerMetadata?: JsonValue }[];
  toolCalls: ToolCallPart[];
  finishReason: LanguageModelV4FinishReason;
  usage: LanguageModelV4Usage | undefined;
  providerMetadata: SharedV4ProviderMetadata | undefined;
}

export interface ReadReplyOptions {
  call: LanguageModelV4CallOptions;
  signal: AbortSignal;
  firstByteMsMax: number;
  idleMsMax: number;
  replyCharsMax: number;
  logger: Logger;
  onDelta: (delta: ModelDelta) => void;
  /** Told as it grows, so that a failed attempt can be settled. */
  progress: { receivedText: string; hasDeltas: boolean };
}

const metadataCharsMax = 200_000;

/** @throws the signal's reason when aborted; a RoostError `timeout` on a stall; else what the provider package threw. */
export async function readReply(model: LanguageModelV4, options: ReadReplyOptions): Promise<RawReply> {
  options.signal.throwIfAborted();
  const stop = new AbortController();
  const abort = () => stop.abort(options.signal.reason);
  options.signal.addEventListener("abort", abort, { once: true });
  let timer: NodeJS.Timeout | undefined;
  const expect = (what: string, ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(new RoostError("timeout", `${what} did not come within ${ms} ms`)), ms);
  };
  const stopped = new Promise<never>((_resolve, reject) => {
    stop.signal.addEventListener("abort", () => reject(stop.signal.reason), { once: true });
  });
  stopped.catch(() => {});

  let reader: ReadableStreamDefaultReader<LanguageModelV4StreamPart> | undefined;
  try {
    expect("the first byte of the reply", options.firstByteMsMax);
    const { stream } = await Promise.race([model.doStream({ ...options.call, abortSignal: stop.signal }), stopped]);
    reader = stream.getReader();
    const reply = createReplyReader(options);
    for (;;) {
      const { done, value: part } = await Promise.race([reader.read(), stopped]);
      if (done) return reply.finish();
      if (part.type === "stream-start" || part.type === "ping") continue;
      expect("the next part of the reply", options.idleMsMax);
      reply.take(part);
    }
  } catch (error) {
    // What a stall or an abort looks like from inside the stream varies; the reason does not.
    const reason: unknown = stop.signal.aborted ? stop.signal.reason : error;
    stop.abort(reason);
    reader?.cancel().catch(() => {});
    throw reason;
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener("abort", abort);
  }
}

function createReplyReader(options: ReadReplyOptions) {
  const texts: string[] = [];
  const reasoning = new Map<string, { text: string; providerMetadata?: JsonValue }>();
  const toolCalls: ToolCallPart[] = [];
  let end: Extract<LanguageModelV4StreamPart, { type: "finish" }> | undefined;
  let charCount = 0;

  const grow = (delta: string) => {
    charCount += delta.length;
    options.progress.receivedText += delta;
    if (charCount > options.replyCharsMax) {
      throw new RoostError(
        "limit_exceeded",
        `the reply is longer than ${options.replyCharsMax} characters; it was cut off`,
      );
    }
  };
  const show = (delta: ModelDelta) => {
    options.progress.hasDeltas = true;
    options.onDelta(delta);
  };

  return {
    take(part: LanguageModelV4StreamPart): void {
      switch (part.type) {
        case "text-delta":
          grow(part.delta);
          texts.push(part.delta);
          if (part.delta !== "") show({ type: "text", text: part.delta });
          return;
        case "reasoning-start":
        case "reasoning-delta":
        case "reasoning-end": {
          const block = reasoning.get(part.id) ?? { text: "" };
          reasoning.set(part.id, block);
          Object.assign(block, metadataOf(part.providerMetadata, options.logger));
          if (part.type !== "reasoning-delta") return;
          grow(part.delta);
          block.text += part.delta;
          if (part.delta !== "") show({ type: "reasoning", text: part.delta });
          return;
        }
        case "tool-input-delta":
          grow(part.delta);
          return;
        case "tool-call":
          if (part.providerExecuted) return;
          if (part.input.length > options.replyCharsMax) grow(part.input);
          toolCalls.push({
            toolCallId: storableText(part.toolCallId),
            toolName: storableText(part.toolName),
            argumentsText: storableText(part.input),
            ...metadataOf(part.providerMetadata, options.logger),
          });
          return;
        case "error":
          throw part.error;
        case "finish":
          end = part;
          return;
        default:
          // Sources, files and provider-run tools are not part of this transcript.
          return;
      }
    },
    finish: () => toRawReply({ texts, reasoning: [...reasoning.values()], toolCalls }, end),
  };
}

function toRawReply(
  content: { texts: string[]; reasoning: RawReply["reasoning"]; toolCalls: ToolCallPart[] },
  end: Extract<LanguageModelV4StreamPart, { type: "finish" }> | undefined,
): RawReply {
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

/** A stream that merely stops is reported differently by each package; "other" without the server's own word is one way. */
function isComplete({ unified, raw }: LanguageModelV4FinishReason): boolean {
  return unified !== "error" && unified !== "interrupted" && !(unified === "other" && raw === undefined);
}

function metadataOf(metadata: SharedV4ProviderMetadata | undefined, logger: Logger): { providerMetadata?: JsonValue } {
  if (metadata === undefined) return {};
  const text = JSON.stringify(metadata);
  if (text.length <= metadataCharsMax) return { providerMetadata: JSON.parse(text) as JsonValue };
  logger.warn("a provider's metadata is left out of the transcript: too long", {
    charCount: text.length,
    charsMax: metadataCharsMax,
  });
  return {};
}
