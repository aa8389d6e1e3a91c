// A compaction as one durable step: its decision is recorded, so that a replay does not ask again.

import { estimatePrompt } from "../models/estimate-prompt.ts";
import type { ModelCallOutcome } from "../models/models.ts";
import { estimateTokens } from "../usage/estimate-tokens.ts";
import { compact, type Compaction } from "./compact.ts";
import type { Loop } from "./loop.ts";
import { modelLabels } from "./run-model-step.ts";
import { addCompaction } from "./loop-state.ts";

type ContextExceeded = Extract<ModelCallOutcome, { kind: "context_exceeded" }>;

/** The messages' share of what instructions and tools leave, so that the run can continue for a while. */
const messagesShare = 0.6;

/** Undefined when room was made; else the reason why it cannot be. */
export async function runCompactionStep(loop: Loop, exceeded: ContextExceeded): Promise<string | undefined> {
  const { state } = loop;
  if (isHopeless(loop, exceeded)) return whyFull(loop, exceeded);
  state.compactionCount += 1;
  const step = `compaction#${state.compactionCount}`;
  const outcome = await loop.options.steps.step<Compaction | null>(
    step,
    {
      kind: "compaction",
      effect: "readonly",
      input: {
        promptTokens: exceeded.promptTokens,
        contextTokensMax: exceeded.contextTokensMax,
        source: exceeded.source,
      },
    },
    async (call) => {
      const compaction = await compact({
        messages: state.messages,
        tokensMax: messageTokensMax(loop, exceeded),
        contextTokensMax:
          exceeded.source === "provider"
            ? Math.min(exceeded.contextTokensMax, exceeded.promptTokens)
            : exceeded.contextTokensMax,
        model: loop.options.model,
        step,
        signal: AbortSignal.any([call.signal, loop.signal]),
        logger: loop.options.logger,
        reserveSpend: loop.limits.reserveSpend,
      });
      if (compaction === undefined) return { state: "done", output: null };
      const { usage, costUsd } = compaction;
      return {
        state: "done",
        output: compaction,
        labels: modelLabels,
        ...(usage === undefined ? {} : { usage, costUsd: costUsd ?? null }),
      };
    },
  );
  if (outcome.state !== "done")
    return outcome.state === "failed" ? outcome.error.message : `the compaction ended as ${outcome.state}`;
  if (outcome.output === null) return whyFull(loop, exceeded);
  addCompaction(state, outcome.output);
  return undefined;
}

function messageTokensMax(loop: Loop, exceeded: ContextExceeded): number {
  const fixedTokens = estimatePrompt({ sections: loop.state.sections, messages: [], tools: loop.tools.descriptions });
  const replyTokens = Math.min(loop.limits.outputTokensMax ?? Infinity, Math.floor(exceeded.contextTokensMax / 4));
  // A provider that refuses what we think fits counts differently: then the refused size is the measure.
  const roomTokens = Math.min(
    exceeded.contextTokensMax - replyTokens,
    exceeded.source === "provider" ? exceeded.promptTokens : Infinity,
  );
  return Math.max(0, Math.floor((roomTokens - fixedTokens) * messagesShare));
}

/** A smaller context is more often a setting of a local server than a limit of the model. */
const smallContextTokens = 16_384;

export function whyFull({ state, tools, options }: Loop, exceeded: ContextExceeded): string {
  const parts = [
    { name: "tools", tokens: estimatePrompt({ sections: [], messages: [], tools: tools.descriptions }) },
    {
      name: "the conversation",
      tokens: estimatePrompt({ sections: [], messages: state.messages, tools: [] }, options.model.input),
    },
    ...state.sections.map((section) => ({ name: section.name, tokens: estimateTokens(section.text) })),
  ];
  const largest = parts
    .toSorted((left, right) => right.tokens - left.tokens)
    .slice(0, 4)
    .map(({ name, tokens }) => `${name} ${tokens}`)
    .join(", ");
  const hint =
    exceeded.contextTokensMax <= smallContextTokens
      ? "Give the model a larger context: OLLAMA_CONTEXT_LENGTH=32768 for Ollama, -c 32768 for llama.cpp, --max-model-len for vLLM (docs/models.md), or shorten the largest parts"
      : "Shorten the largest parts, or use a model with a larger context";
  return `the prompt needs about ${exceeded.promptTokens} tokens and room for an answer, but the model's context is ${exceeded.contextTokensMax}; nothing more can be left out (largest parts: ${largest}). ${hint}`;
}

/** Whether the prompt is too long even with its last message only: then a summary of the others does not help. */
function isHopeless({ state, tools, options }: Loop, { source, contextTokensMax }: ContextExceeded): boolean {
  const least = { sections: state.sections, messages: state.messages.slice(-1), tools: tools.descriptions };
  return source === "estimate" && estimatePrompt(least, options.model.input) >= contextTokensMax;
}
