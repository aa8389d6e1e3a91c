// A compaction as one durable step: what it decided is recorded, so that a replay does not ask again.

import { estimatePrompt } from "../models/estimate-prompt.ts";
import type { ModelCallOutcome } from "../models/models.ts";
import { estimateTokens } from "../usage/estimate-tokens.ts";
import { compact, type Compaction } from "./compact.ts";
import type { Loop } from "./loop.ts";
import { addCompaction } from "./loop-state.ts";

type ContextExceeded = Extract<ModelCallOutcome, { kind: "context_exceeded" }>;

/** Of what is left after instructions and tools, the messages get this much, so that the run can go on for a while. */
const messagesShare = 0.6;

/** Undefined when room was made; else why there is none to make. */
export async function runCompactionStep(loop: Loop, exceeded: ContextExceeded): Promise<string | undefined> {
  const { state } = loop;
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
      return { state: "done", output: compaction, ...(usage === undefined ? {} : { usage, costUsd: costUsd ?? null }) };
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
  // A provider that refuses what we think fits counts differently: then what was refused is the measure.
  const roomTokens = Math.min(
    exceeded.contextTokensMax - replyTokens,
    exceeded.source === "provider" ? exceeded.promptTokens : Infinity,
  );
  return Math.max(0, Math.floor((roomTokens - fixedTokens) * messagesShare));
}

export function whyFull(loop: Loop, exceeded: ContextExceeded): string {
  const sections = loop.state.sections
    .map((section) => ({ name: section.name, tokens: estimateTokens(section.text) }))
    .toSorted((left, right) => right.tokens - left.tokens)
    .slice(0, 3)
    .map((section) => `${section.name} ${section.tokens}`)
    .join(", ");
  return `the prompt needs about ${exceeded.promptTokens} tokens and the model's context is ${exceeded.contextTokensMax}; nothing more can be left out (largest sections: ${sections === "" ? "none" : sections}). Shorten them, or use a model with a larger context`;
}
