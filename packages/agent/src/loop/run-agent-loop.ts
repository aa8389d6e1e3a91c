// The agent loop: model call, tool calls, model call, … until the model is done or a limit is reached. Holds no state that a replay of the recorded
// steps does not restore.

import { parseLabels } from "@roost/contract/labels";
import type { Part } from "@roost/contract/part";
import type { AgentContext } from "../messages/agent-context.ts";
import type { ModelDelta } from "../models/models.ts";
import type { StepError } from "../steps/step-runner.ts";
import { agentLimitDefaults } from "./agent-limits.ts";
import type { AgentDelta, AgentEnd, AgentLimitName, AgentOutcome } from "./agent-outcome.ts";
import type { AgentLoopOptions, Loop } from "./loop.ts";
import { noteCalls, takeAnswer, tellForm } from "./take-answer.ts";
import { fitFixedParts, tellCut } from "./fit-fixed-parts.ts";
import { addReply, createLoopState, totalsOf, type LoopState } from "./loop-state.ts";
import { runCompactionStep, whyFull } from "./run-compaction-step.ts";
import { addNotes, runHooks } from "./run-hooks.ts";
import { runModelStep } from "./run-model-step.ts";
import { limitOf } from "./step-errors.ts";
import { createToolList } from "../tools/tool-list.ts";
import { runToolCalls } from "./run-tool-calls.ts";

export type { AgentLoopOptions } from "./loop.ts";

/** Beginning of the message of a run that reached its deadline. */
export const timeOver = "the run's time was over";

/** Instructions and tools are cut at most once for each of so many model steps. */
const cutStepsMax = 12;
/** A model that goes round in circles is told so often before it is stopped. */
const circlesTold = 2;

/** setTimeout fires at once for longer delays. */
const timerMsMax = 2_147_483_647;

/**
 * Runs one agent turn to its end; every model call, tool call and compaction is a durable step.
 * @throws only what `steps.step` throws (lease lost, suspended, diverged), and RoostError `invalid_input` for tools that cannot be described;
 * everything else is an outcome
 */
export async function runAgentLoop(options: AgentLoopOptions): Promise<AgentOutcome> {
  const { loop, stop } = createLoop(options);
  try {
    const work = options.task === "summarise" ? summarise : runTurns;
    const end = (await prepareContext(loop)) ?? (await refusedByHook(loop, "before-run")) ?? (await work(loop));
    await runHooks(loop, { point: "after-run", text: "text" in end ? end.text : end.error.message });
    return { ...totalsOf(loop.state), ...end };
  } catch (error) {
    if (loop.signal.aborted && !options.signal.aborted && error === loop.signal.reason) {
      return { ...totalsOf(loop.state), ...limitReached(loop, "wall_clock", loop.deadlineMessage()) };
    }
    if (!isCancellation(error, options.signal)) throw error;
    return {
      ...totalsOf(loop.state),
      kind: "cancelled",
      reason: reasonText(options.signal.reason),
      text: loop.state.shownText,
    };
  } finally {
    stop();
  }
}

async function prepareContext(loop: Loop): Promise<AgentEnd | undefined> {
  const { context, steps } = loop.options;
  if (typeof context !== "function") return undefined;
  const outcome = await steps.step<AgentContext>("context#1", { kind: "context", effect: "readonly" }, async (call) => {
    const output = await context({ signal: AbortSignal.any([call.signal, loop.signal]) });
    return { state: "done", output, labels: parseLabels(output.labels) };
  });
  if (outcome.state !== "done") return { kind: "failed", error: errorOf(outcome, "the context") };
  loop.state = createLoopState(outcome.output);
  const isAsked = loop.options.task === "summarise";
  const isLong = outcome.output.history?.isLong === true;
  if (isAsked || !isLong) return undefined;
  const room = await runCompactionStep(loop, { source: "conversation" });
  return room.state === "failed" ? endOfFailedStep(loop, room.error) : undefined;
}

/** Notes before the run are for the model; those before a step are for people. */
async function refusedByHook(loop: Loop, point: "before-run" | "before-step"): Promise<AgentEnd | undefined> {
  const { refusal, notes } = await runHooks(loop, { point });
  if (point === "before-run") addNotes(loop, notes);
  return refusal === undefined
    ? undefined
    : { kind: "failed", error: { code: "forbidden", message: refusal, isRetryable: false } };
}

/** A person wants the conversation summarised as it is. */
async function summarise(loop: Loop): Promise<AgentEnd> {
  const reply = { kind: "replied", finishReason: "stop", outputTokensMax: 0 } as const;
  if (loop.state.messages.length === 0) return { ...reply, text: "There is nothing to summarise yet" };
  const room = await runCompactionStep(loop, { source: "person" });
  if (room.state === "failed") return endOfFailedStep(loop, room.error);
  if (room.state === "compacted") return { ...reply, text: room.compaction.summary?.text ?? "" };
  const message = "no model wrote a summary; the conversation stays as it is";
  return { kind: "failed", error: { code: "unavailable", message, isRetryable: false } };
}

async function runTurns(loop: Loop): Promise<AgentEnd> {
  const { state, limits } = loop;
  let wasRefusedByProvider = false;
  tellForm(loop);
  for (;;) {
    loop.options.signal.throwIfAborted();
    if (loop.isPastDeadline()) return limitReached(loop, "wall_clock", loop.deadlineMessage());
    if (state.turnCount >= limits.turnsMax)
      return limitReached(loop, "turns", `this run may make ${limits.turnsMax} model calls and has made them`);

    const refused = await refusedByHook(loop, "before-step");
    if (refused !== undefined) return refused;
    const { step, outcome } = await runModelStep(loop);
    if (outcome.state !== "done") return endOfFailedStep(loop, errorOf(outcome, step));
    const { output } = outcome;
    if (output.kind === "context_exceeded") {
      const mayCut = state.modelStepCount <= cutStepsMax;
      // What fitted before a reply fits now: then it is the conversation that grew.
      if (mayCut && state.turnCount === 0 && fitFixedParts(loop, output)) continue;
      const isLast =
        state.compactionCount >= limits.compactionsMax || (wasRefusedByProvider && output.source === "provider");
      const room = isLast ? ({ state: "full" } as const) : await runCompactionStep(loop, output);
      if (room.state === "failed") return endOfFailedStep(loop, room.error);
      if (room.state === "full" && mayCut && fitFixedParts(loop, output, { beside: "conversation" })) continue;
      if (room.state === "full") return limitReached(loop, "context", whyFull(loop, output));
      wasRefusedByProvider = output.source === "provider";
      continue;
    }
    wasRefusedByProvider = false;
    const message = addReply(state, output, step);
    await runHooks(loop, { point: "after-step", step, text: message.text });
    if (message.toolCalls === undefined || message.toolCalls.length === 0) {
      const taken = takeAnswer(loop, message.text);
      if (taken === "again") continue;
      if ("kind" in taken) return taken;
      return {
        kind: "replied",
        text: taken.text,
        finishReason: output.finishReason,
        outputTokensMax: output.outputTokensMax,
        cutAt: output.cutAt,
        mends: output.mends,
        ...madeIn(loop.state),
        ...leftOutOf(loop.state, output.leftOut),
        ...(output.hasUnreadCall === true ? { hasUnreadCall: true } : {}),
      };
    }
    noteCalls(loop, message);
    const isCut = output.finishReason === "length";
    const isCircle = await runToolCalls(
      loop,
      message.toolCalls,
      isCut ? (output.cutAt ?? output.outputTokensMax) : undefined,
    );
    if (isCircle && state.circleCount > circlesTold)
      return limitReached(
        loop,
        "repetition",
        "the model went round in circles: it made the same calls again and again, with the same answers, and did not stop when it was told",
      );
    if (state.toolCallCount > limits.toolCallsMax) {
      return limitReached(loop, "tool_calls", `this run may make ${limits.toolCallsMax} tool calls and asked for more`);
    }
  }
}

function madeIn({ added }: LoopState): { parts?: Part[] | undefined } {
  const parts = added.flatMap((message) => (message.role === "assistant" ? (message.parts ?? []) : []));
  return parts.length === 0 ? {} : { parts };
}

/** What the model was not shown: instructions, parts, and messages that it did not summarise. */
function leftOutOf(state: LoopState, parts: string[] = []): { leftOut?: string[] } {
  const {
    messages: [first],
    compactionCount,
  } = state;
  const cut = tellCut(state);
  const isMarked = compactionCount > 0 && first?.role === "summary" && first.method === "dropped";
  const unread = isMarked
    ? [
        `${first.messageCount} earlier messages left without a summary: the model wrote none; they stay in the transcript`,
      ]
    : [];
  const leftOut = [...(cut === undefined ? [] : [cut]), ...unread, ...parts];
  return leftOut.length === 0 ? {} : { leftOut };
}

function endOfFailedStep(loop: Loop, error: StepError): AgentEnd {
  const limit = limitOf(error);
  if (limit === undefined) return { kind: "failed", error };
  const end = limitReached(loop, limit.limit, error.message);
  return limit.cap === undefined ? end : { ...end, cap: limit.cap };
}

function limitReached(
  loop: Loop,
  limit: AgentLimitName,
  message: string,
): Extract<AgentEnd, { kind: "limit_exceeded" }> {
  const last = loop.state.added.findLast((entry) => entry.role === "assistant" && entry.text !== "");
  return { kind: "limit_exceeded", limit, message, text: last?.text ?? "" };
}

function errorOf(
  outcome: { state: "failed"; error: StepError } | { state: "unknown"; message: string } | { state: "answered" },
  what: string,
): StepError {
  if (outcome.state === "failed") return outcome.error;
  const message =
    outcome.state === "unknown"
      ? `the outcome of ${what} is unknown: ${outcome.message}`
      : `${what} cannot be answered by a wait`;
  return { code: "internal", message, isRetryable: false };
}

function createLoop(options: AgentLoopOptions): { loop: Loop; stop: () => void } {
  const limits = { ...agentLimitDefaults, ...options.limits };
  const deadline = new AbortController();
  const leftMs = limits.deadlineMs === undefined ? undefined : Math.max(0, limits.deadlineMs - options.clock.nowMs());
  const timer =
    leftMs === undefined
      ? undefined
      : setTimeout(
          () => deadline.abort(new DOMException("the run's time is over", "TimeoutError")),
          Math.min(leftMs, timerMsMax),
        );
  const show = (delta: AgentDelta) => {
    try {
      options.onDelta?.(delta);
    } catch (error) {
      options.logger.warn("a watcher of the run failed", { error });
    }
  };
  const loop: Loop = {
    options,
    limits,
    state: createLoopState(typeof options.context === "function" ? { sections: [], messages: [] } : options.context),
    tools: createToolList(options.tools, { first: options.firstTools, services: options.services }),
    signal: AbortSignal.any([options.signal, deadline.signal]),
    deadline: deadline.signal,
    isPastDeadline: () =>
      deadline.signal.aborted || (limits.deadlineMs !== undefined && options.clock.nowMs() >= limits.deadlineMs),
    deadlineMessage: () => timeOver,
    show,
    watchReply: (step, delta: ModelDelta) => {
      if (delta.type === "text") loop.state.shownText += delta.text;
      if (delta.type === "reset") loop.state.shownText = "";
      show({ step, ...delta });
    },
  };
  return { loop, stop: () => clearTimeout(timer) };
}

/** Only the caller's own abort is a cancellation; a lost lease aborts the same signal but is none. */
function isCancellation(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  if (error === signal.reason) return true;
  return error instanceof Error && error.name === "AbortError";
}

function reasonText(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
