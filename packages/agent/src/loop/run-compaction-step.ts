// A compaction as durable steps: the summary with what must not be forgotten, and the call that writes that to memory. Only then messages leave. Its
// decisions are recorded, so that a replay does not ask again.

import { estimatePrompt } from "../models/estimate-prompt.ts";
import type { ModelCallOutcome } from "../models/models.ts";
import type { StepError } from "../steps/step-runner.ts";
import { estimateTokens } from "../usage/estimate-tokens.ts";
import { compact, type Compaction } from "./compact.ts";
import type { Loop } from "./loop.ts";
import { modelLabels } from "./run-model-step.ts";
import { addCompaction } from "./loop-state.ts";
import { callTool } from "./run-tool-calls.ts";

type ContextExceeded = Extract<ModelCallOutcome, { kind: "context_exceeded" }>;

/** Why room is needed: a request is too long, the conversation is longer than contexts are to be, or a person asks for a summary. */
export type CompactionNeed = ContextExceeded | { source: "conversation" } | { source: "person" };

export type CompactionEnd =
  | { state: "compacted"; compaction: Compaction }
  /** Nothing can leave. */
  | { state: "full" }
  /** No model answers, or a limit is reached; nothing has left. */
  | { state: "failed"; error: StepError };

/** The messages' share of what instructions and tools leave, so that the run can continue for a while. */
const messagesShare = 0.6;
/** The tool that writes what must not be forgotten. */
const memoryTool = "remember";

export async function runCompactionStep(loop: Loop, need: CompactionNeed): Promise<CompactionEnd> {
  const { state, tools, options } = loop;
  if (isHopeless(loop, need)) return { state: "full" };
  state.compactionCount += 1;
  const step = `compaction#${state.compactionCount}`;
  const { source } = need;
  const sizes =
    "promptTokens" in need
      ? { promptTokens: need.promptTokens, contextTokensMax: need.contextTokensMax }
      : { messageCount: state.messages.length };
  const asksFacts = tools.names.includes(memoryTool);
  const outcome = await options.steps.step<Compaction | null>(
    step,
    { kind: "compaction", effect: "readonly", input: { ...sizes, source } },
    async (call) => {
      const made = await compact({
        messages: state.messages,
        turns: state.turns,
        tokensMax: messageTokensMax(loop, need),
        contextTokensMax: windowOf(loop, need),
        labels: call.labels,
        asksFacts,
        model: options.model,
        step,
        signal: AbortSignal.any([call.signal, loop.signal]),
        logger: options.logger,
        reserveSpend: loop.limits.reserveSpend,
        onDelta: (delta) => loop.show({ step, ...delta }),
      });
      if (made.state === "failed") return made;
      if (made.state === "full") return { state: "done", output: null };
      const { usage, costUsd } = made.compaction;
      const spend = usage === undefined ? {} : { usage, costUsd: costUsd ?? null };
      return { state: "done", output: made.compaction, labels: modelLabels, ...spend };
    },
  );
  if (outcome.state === "failed") return outcome;
  if (outcome.state !== "done")
    return {
      state: "failed",
      error: { code: "internal", message: `the compaction ended as ${outcome.state}`, isRetryable: false },
    };
  if (outcome.output === null) return { state: "full" };
  const compaction = await keepFacts(loop, outcome.output);
  addCompaction(state, compaction);
  return { state: "compacted", compaction };
}

/** What could not be written to memory stays in the summary. */
async function keepFacts(loop: Loop, compaction: Compaction): Promise<Compaction> {
  const { facts = [], summary } = compaction;
  if (facts.length === 0 || summary === undefined) return compaction;
  const text =
    facts.length === 1
      ? facts[0]!
      : ["From the conversation, when it was summarised:", ...facts.map((fact) => `- ${fact}`)].join("\n");
  const answer = await callTool(loop, {
    toolCallId: `compaction_${loop.state.compactionCount}`,
    toolName: memoryTool,
    argumentsText: JSON.stringify({ text }),
  });
  if (answer.isError !== true) return compaction;
  const kept = `${summary.text}\n\nNot written to memory (${answer.text}):\n${facts.join("\n")}`;
  return { ...compaction, summary: { ...summary, text: kept } };
}

/** Of a request for a summary. */
function windowOf({ options }: Loop, need: CompactionNeed): number {
  if (!("promptTokens" in need)) return options.model.contextTokensMax;
  const { source, contextTokensMax, promptTokens } = need;
  return source === "provider" ? Math.min(contextTokensMax, promptTokens) : contextTokensMax;
}

function messageTokensMax(loop: Loop, need: CompactionNeed): number {
  if (need.source === "person") return 0;
  const { state, tools, limits, options } = loop;
  const fixedTokens = estimatePrompt({ sections: state.sections, messages: [], tools: tools.descriptions });
  const contextTokensMax = "promptTokens" in need ? need.contextTokensMax : options.model.contextTokensMax;
  const replyTokens = Math.min(limits.outputTokensMax ?? Infinity, Math.floor(contextTokensMax / 4));
  // A provider that refuses what we think fits counts differently: then the refused size is the measure.
  const refusedTokens = need.source === "provider" ? need.promptTokens : Infinity;
  const roomTokens = Math.min(contextTokensMax - replyTokens, refusedTokens) - fixedTokens;
  const wantedTokens =
    need.source === "conversation"
      ? estimatePrompt({ sections: [], messages: state.messages, tools: [] }, options.model.input) / 2
      : Infinity;
  return Math.max(1, Math.floor(Math.min(roomTokens * messagesShare, wantedTokens)));
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
function isHopeless({ state, tools, options }: Loop, need: CompactionNeed): boolean {
  if (need.source !== "estimate") return false;
  const least = { sections: state.sections, messages: state.messages.slice(-1), tools: tools.descriptions };
  return estimatePrompt(least, options.model.input) >= need.contextTokensMax;
}
