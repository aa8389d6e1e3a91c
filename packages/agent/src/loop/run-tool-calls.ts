// The tool calls of one model message, each its own durable step, in order. Consecutive readonly calls run at the same time; their steps are begun
// in order, so that replays agree.

import type { JsonValue } from "@roost/base";
import type { ErrorCode } from "@roost/base";
import { formatLabels, joinLabels, openLabels, type Labels } from "@roost/contract/labels";
import type { ToolCallPart, ToolMessage } from "../messages/message.ts";
import type { Effect, StepError, StepResult } from "../steps/step-runner.ts";
import { executeTool, toToolOutput, type ToolOutput } from "../tools/execute-tool.ts";
import { readArguments, shownArguments } from "../tools/read-arguments.ts";
import type { Permit } from "../tools/permit.ts";
import type { Tool } from "../tools/tool.ts";
import { awaitChildren } from "./await-children.ts";
import { askApproval, decideCall, hasReadUntrusted } from "./ask-approval.ts";
import type { Loop } from "./loop.ts";
import { findCircle } from "./find-circle.ts";
import { addRound, addToolMessage } from "./loop-state.ts";
import { hasHooks, runHooks } from "./run-hooks.ts";
import { toToolMessage } from "./to-tool-message.ts";

interface PlannedCall {
  step: string;
  toolCallId: string;
  /** The tool that is meant, whether called by name or through call_tool. */
  toolName: string;
  effect: Effect;
  /** The arguments as JSON, for people. */
  shown: JsonValue;
  permit: Permit;
  isHooked: boolean;
  /** A tool with its input, or the reason why there is nothing to run. */
  work: { tool: Tool; input: unknown } | { code: ErrorCode; message: string; labels?: Labels | undefined };
}

/**
 * Runs all calls and adds their answers. `cutAt`: the tokens at which the message was cut off, in its last call. @throws what `steps.step` throws;
 * later calls stay unanswered. True: they would only have repeated what was answered, and were not made.
 */
export async function runToolCalls(loop: Loop, parts: ToolCallPart[], cutAt: number | undefined): Promise<boolean> {
  const repeatCount = findCircle(loop.state.rounds, parts);
  const isTainted = hasReadUntrusted(loop.state);
  const calls = parts.map((part, index) =>
    planCall(loop, part, { index, isTainted, repeatCount, cutAt: index === parts.length - 1 ? cutAt : undefined }),
  );
  const answers: ToolMessage[] = [];
  for (const batch of batchesOf(calls, loop.limits.readonlyParallelMax)) {
    const settled = await Promise.allSettled(batch.map((call) => runCall(loop, call)));
    for (const result of settled) {
      if (result.status === "rejected") throw result.reason;
      addToolMessage(loop.state, result.value);
      answers.push(result.value);
    }
  }
  const isCircle = repeatCount !== undefined;
  addRound(loop.state, { calls: parts, answers, isCircle });
  return isCircle;
}

/** Makes one call for the loop itself: a step as any call, and its answer goes to the caller. */
export async function callTool(loop: Loop, part: ToolCallPart): Promise<ToolMessage> {
  return await runCall(loop, planCall(loop, part, { index: 0, isTainted: hasReadUntrusted(loop.state) }));
}

function planCall(
  loop: Loop,
  part: ToolCallPart,
  options: { index: number; isTainted: boolean; cutAt?: number | undefined; repeatCount?: number | undefined },
): PlannedCall {
  const { limits, state } = loop;
  state.toolCallCount += 1;
  const { name, argumentsText, tool } = loop.tools.resolve(part);
  const step = `tool:${name.replace(/[^\w-]/g, "_").slice(0, 64)}#${state.toolCallCount}`;
  const { toolCallId } = part;
  const shown = shownArguments(argumentsText);
  const call = { step, toolCallId, toolName: name, shown };
  const refused = (code: ErrorCode, message: string, labels?: Labels): PlannedCall => ({
    ...call,
    effect: "readonly",
    permit: { state: "granted" },
    isHooked: false,
    work: { code, message, labels },
  });
  if (state.toolCallCount > limits.toolCallsMax) {
    return refused("limit_exceeded", `this run may make ${limits.toolCallsMax} tool calls; this one was not made`);
  }
  if (options.repeatCount !== undefined)
    return refused(
      "limit_exceeded",
      `this was called ${options.repeatCount} times with the same answer, numbers and times apart, and was not called again: do something else, or answer with what you know`,
    );
  if (options.index >= limits.toolCallsPerTurnMax) {
    return refused(
      "limit_exceeded",
      `one message may make ${limits.toolCallsPerTurnMax} tool calls; this one was not made, ask again`,
    );
  }
  if (tool === undefined) {
    const names = loop.tools.names.join(", ");
    return refused("not_found", `there is no tool called ${name.slice(0, 64)}; there are: ${names || "none"}`);
  }
  const read = readArguments(tool, argumentsText);
  if (!read.isValid && options.cutAt !== undefined)
    return refused(
      "limit_exceeded",
      `this call of ${name} was cut off at ${options.cutAt} tokens, as many as one reply may have, so nothing was done: do it in several shorter calls`,
    );
  if (!read.isValid) {
    const how = loop.tools.explain(tool);
    const message = how === undefined ? read.message : `${read.message}. It is called so: ${how}`;
    // It quotes the schema.
    return refused("invalid_input", message, tool.descriptionLabels);
  }
  const permit = decideCall(loop, tool, { ...read, isUntrusted: options.isTainted });
  const isHooked = hasHooks(loop, tool.name);
  const { shown: meant, input } = read;
  return { ...call, shown: meant, effect: tool.effect, permit, isHooked, work: { tool, input } };
}

function batchesOf(calls: PlannedCall[], sizeMax: number): PlannedCall[][] {
  const batches: PlannedCall[][] = [];
  for (const call of calls) {
    const last = batches.at(-1);
    if (last !== undefined && last.length < sizeMax && isParallel(call) && last.every(isParallel)) last.push(call);
    else batches.push([call]);
  }
  return batches;
}

function toRefusal({ code, message, labels }: Exclude<PlannedCall["work"], { tool: Tool }>): StepError {
  const quoted = labels === undefined ? {} : { labels: formatLabels(labels) };
  return { code, message, isRetryable: false, ...quoted };
}

/** A server or service may change a tool between versions: its steps record which version it was. */
function withOrigin(result: StepResult<ToolOutput>, { origin }: Tool): StepResult<ToolOutput> {
  if (origin === undefined) return result;
  if (result.state === "done") return { ...result, output: { ...result.output, origin } };
  if (result.state === "failed") return { ...result, error: { ...result.error, details: { origin } } };
  return result;
}

/** A call that waits for a person runs alone, so that the order of steps is that of the calls. */
function isParallel({ effect, permit, isHooked }: PlannedCall): boolean {
  return effect === "readonly" && permit.state !== "ask" && !isHooked;
}

async function runCall(loop: Loop, call: PlannedCall): Promise<ToolMessage> {
  if (!call.isHooked) return makeCall(loop, call);
  const asked = { step: call.step, tool: { name: call.toolName, input: call.shown } };
  const before = await runHooks(loop, { point: "before-tool", ...asked });
  const message = await makeCall(loop, call, before.refusal);
  const { text, isError } = message;
  const after = await runHooks(loop, { point: "after-tool", ...asked, text, isError: isError === true });
  return { ...message, text: [text, ...before.notes, ...after.notes].join("\n") };
}

/** `refusal`: of a hook. */
async function makeCall(loop: Loop, call: PlannedCall, refusal?: string): Promise<ToolMessage> {
  const { work, step, shown, toolCallId, toolName, permit } = call;
  const { query } = "tool" in work ? work.tool : {};
  // Nothing else is awaited: calls of a batch begin their steps in order.
  const permitTool =
    refusal !== undefined
      ? async () => ({ state: "refused" as const, reason: refusal })
      : permit.state === "ask"
        ? await askApproval(loop, permit, { step, tool: toolName, input: shown })
        : async () => permit;
  let isFresh = false;
  const called = await loop.options.steps.step<ToolOutput>(
    step,
    {
      kind: "tool",
      effect: call.effect,
      input: shown,
      query:
        query === undefined || !("tool" in work)
          ? undefined
          : async (idempotencyKey, options) => {
              const found = await query(work.input, {
                idempotencyKey,
                signal: AbortSignal.any([options.signal, loop.signal]),
              });
              if (!found.found) return found;
              const ofTool = (await work.tool.labelsOf?.(work.input)) ?? openLabels;
              const labels = joinLabels(ofTool, found.labels ?? openLabels);
              const output = toToolOutput(found.output, { labels, charsMax: loop.limits.toolResultCharsMax });
              return { found: true, output, labels };
            },
    },
    async (stepCall) => {
      if (!isFresh) loop.show({ step, type: "tool_call", toolCallId, toolName, input: shown });
      isFresh = true;
      if (!("tool" in work)) return { state: "failed", error: toRefusal(work) };
      const result = await executeTool(stepCall, {
        tool: work.tool,
        input: work.input,
        shown,
        toolCallId,
        step,
        signal: loop.options.signal,
        deadline: loop.deadline,
        permitTool,
        show: (text) => loop.show({ step, type: "tool_output", toolCallId, text }),
        toolMsMax: loop.limits.toolMsMax,
        resultCharsMax: loop.limits.toolResultCharsMax,
      });
      return withOrigin(result, work.tool);
    },
  );
  const outcome =
    called.state === "done" && called.output.children !== undefined
      ? { ...called, output: await awaitChildren(loop, called.output, step) }
      : called.state === "answered" && "tool" in work && work.tool.readAnswer !== undefined
        ? { ...called, answer: work.tool.readAnswer(called.answer) }
        : called;
  const message = toToolMessage(outcome, { toolCallId, toolName, charsMax: loop.limits.toolResultCharsMax });
  if (isFresh)
    loop.show({
      step,
      type: "tool_result",
      toolCallId,
      toolName,
      text: message.text,
      isError: message.isError === true,
    });
  return message;
}
