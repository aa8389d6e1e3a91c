// Replaces a model when none is configured: its reply says what a model would have been shown and how to configure one. It calls no tools, has no
// effects and costs nothing.

import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { estimateTokens } from "../usage/estimate-tokens.ts";
import type { LanguageModelConfig } from "../models/provider-config.ts";

/** Every rehearsed reply begins with this. */
export const rehearsalMark = "[rehearsal]";

export const howToConfigureAModel =
  "To use a model, set ROOST_MODEL_URL and ROOST_MODEL (and ROOST_MODEL_KEY if it needs a key), or OPENROUTER_API_KEY, or OPENAI_API_KEY, or start Ollama or a llama.cpp server, and restart Roost";

const questionCharsMax = 160;
const sectionsShownMax = 12;
const toolsShownMax = 24;
const partsShownMax = 6;

/** The model that rehearsed requests are recorded under. */
export const rehearsalModelId = "rehearsal";

/** A LanguageModelV4 whose replies only describe the request. */
export function createRehearsalModel(options: { how?: string } = {}): LanguageModelV4 {
  const textFor = (call: LanguageModelV4CallOptions) => rehearse(call, options.how ?? howToConfigureAModel);
  return {
    specificationVersion: "v4",
    provider: "rehearsal",
    modelId: rehearsalModelId,
    supportedUrls: {},
    doGenerate: async (call) => ({
      content: [{ type: "text", text: textFor(call) }],
      finishReason: { unified: "stop", raw: undefined },
      usage: nothing,
      warnings: [],
    }),
    doStream: async (call) => ({
      stream: new ReadableStream<LanguageModelV4StreamPart>({
        start(controller) {
          controller.enqueue({ type: "stream-start", warnings: [] });
          controller.enqueue({ type: "text-start", id: "0" });
          controller.enqueue({ type: "text-delta", id: "0", delta: textFor(call) });
          controller.enqueue({ type: "text-end", id: "0" });
          controller.enqueue({ type: "finish", finishReason: { unified: "stop", raw: undefined }, usage: nothing });
          controller.close();
        },
      }),
    }),
  };
}

/** The provider for openModels when no model is configured. */
export function rehearsalProvider(options: { how?: string } = {}): LanguageModelConfig {
  return {
    kind: "language-model",
    id: "rehearsal",
    languageModel: createRehearsalModel(options),
    isRehearsal: true,
    price: { inputUsd: 0, outputUsd: 0 },
    contextTokensMax: 1_000_000,
  };
}

const nothing = {
  inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 0, text: 0, reasoning: 0 },
};

function rehearse(call: LanguageModelV4CallOptions, how: string): string {
  const tokens = estimateTokens(JSON.stringify(call.prompt)) + estimateTokens(JSON.stringify(call.tools ?? []));
  const sections = sectionsOf(call);
  const messages = call.prompt.filter((message) => message.role !== "system");
  const asked = askedOf(call);
  const lines = [
    `${rehearsalMark} No model is configured, so there is no real answer, and nothing was done.`,
    `A model would have read about ${tokens} tokens: ${listOf(sections, { shownMax: sectionsShownMax, none: "no instructions" })}; ${count(messages.length, "message")}; ${toolsText(call)}.`,
  ];
  if (asked !== undefined) lines.push(`Without one there is no answer to ${asked}.`);
  return [...lines, how].join("\n");
}

/** `“What is this?” with image photo.jpg 1.2 MB image/jpeg`; of a prompt alone, its last paragraph. */
function askedOf(call: LanguageModelV4CallOptions): string | undefined {
  const asked = call.providerOptions?.["roost"]?.["asked"] as { text: string; parts: string[] } | undefined;
  if (asked !== undefined) {
    const said = asked.text.trim() === "" ? [] : [quote(asked.text)];
    const parts = asked.parts.length === 0 ? [] : [listOf(asked.parts, { shownMax: partsShownMax, none: "" })];
    return [...said, ...parts].join(" with ");
  }
  const content = call.prompt.findLast((message) => message.role === "user")?.content;
  const text = content?.findLast((part) => part.type === "text")?.text;
  return text === undefined ? undefined : quote(text.trim().split(/\n\n+/).at(-1) ?? text);
}

function sectionsOf(call: LanguageModelV4CallOptions): string[] {
  const sections = call.providerOptions?.["roost"]?.["sections"] as { name: string; tokens: number }[] | undefined;
  return (sections ?? []).map((section) => `${section.name} (${section.tokens})`);
}

function toolsText(call: LanguageModelV4CallOptions): string {
  const names = (call.tools ?? []).map((tool) => tool.name);
  if (names.length === 0) return count(0, "tool");
  const tokens = estimateTokens(JSON.stringify(call.tools));
  return `${count(names.length, "tool")} (${tokens}: ${listOf(names, { shownMax: toolsShownMax, none: "" })})`;
}

function listOf(names: string[], options: { shownMax: number; none: string }): string {
  if (names.length === 0) return options.none;
  const more = names.length > options.shownMax ? ` and ${names.length - options.shownMax} more` : "";
  return names.slice(0, options.shownMax).join(", ") + more;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function quote(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return `“${line.length > questionCharsMax ? `${line.slice(0, questionCharsMax)}…` : line}”`;
}
