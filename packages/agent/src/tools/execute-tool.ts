// Runs one tool call inside its step: permission, time limit, size limit, and what an exception means. The loop records it and tells the model.

import {
  type ErrorCode,
  formatDurationMs,
  type JsonValue,
  refusalCodes,
  storableText,
  toRoostError,
} from "@roost/base";
import { areSameLabels, formatLabels, isUntrusted, joinLabels, openLabels, type Labels } from "@roost/contract/labels";
import { namePart, type Part } from "@roost/contract/part";
import type { StepCall, StepResult } from "../steps/step-runner.ts";
import type { ChildRun, PermitTool, Tool, ToolCall, ToolOrigin } from "./tool.ts";

/** The record of a finished tool call. */
export interface ToolOutput {
  text: string;
  isUntrusted: boolean;
  /** What it gave beside its text. */
  parts?: Part[] | undefined;
  /** Labels of its text, as texts; default: those of the input. */
  labels?: string[] | undefined;
  /** Of the tool, unless it is built in. */
  origin?: ToolOrigin | undefined;
  /** Runs that the call has started. */
  children?: ChildRun[];
}

export interface ExecuteToolOptions {
  tool: Tool;
  input: unknown;
  /** The arguments as JSON, for the permit. */
  shown: JsonValue;
  toolCallId: string;
  step: string;
  /** The run was cancelled, or the worker stops. */
  signal: AbortSignal;
  /** The run's time is over: ends the tool like its own time limit. */
  deadline: AbortSignal;
  permitTool?: PermitTool | undefined;
  show?: ((text: string) => void) | undefined;
  toolMsMax: number;
  resultCharsMax: number;
}

/** @throws only the reason of an aborted signal: the step then has no result, and its effect class decides. */
export async function executeTool(stepCall: StepCall, options: ExecuteToolOptions): Promise<StepResult<ToolOutput>> {
  const { tool } = options;
  const outer = AbortSignal.any([stepCall.signal, options.signal]);
  outer.throwIfAborted();
  const timeoutMs = tool.timeoutMsMax ?? options.toolMsMax;
  const timeout = new AbortController();
  const timer = setTimeout(
    () =>
      timeout.abort(new DOMException(`${tool.name} did not end within ${formatDurationMs(timeoutMs)}`, "TimeoutError")),
    timeoutMs,
  );
  const signal = AbortSignal.any([outer, options.deadline, timeout.signal]);
  const call: ToolCall = {
    toolCallId: options.toolCallId,
    step: options.step,
    idempotencyKey: stepCall.idempotencyKey,
    signal,
    attempt: stepCall.attempt,
    labels: await stepCall.labels(),
    show: options.show,
  };
  let hasStarted = false;
  const labelsOf = async (labels: Labels = openLabels) =>
    joinLabels(labels, (await tool.labelsOf?.(options.input)) ?? openLabels);
  const text = (message: string) => storableText(shorten(message, options.resultCharsMax));
  try {
    const permit = await options.permitTool?.({ tool, input: options.shown, call });
    if (permit?.state === "refused") return failed("forbidden", `${tool.name} was refused: ${permit.reason}`);
    if (permit?.isApproved === true) call.labels = { ...call.labels, trust: "agent", sources: [] };
    call.isAllowed = permit?.isAllowed;
    signal.throwIfAborted();
    hasStarted = true;
    // A tool that ignores its signal must not hold up the run; its later result is dropped.
    const aborted = rejectOnAbort(signal);
    const result = await Promise.race([tool.execute(options.input, call), aborted]);
    if (result.state === "done") {
      const labels = await labelsOf(result.labels);
      const { parts, children } = result;
      const output = toToolOutput(result.output, { labels, charsMax: options.resultCharsMax, parts });
      return { state: "done", output: children === undefined ? output : { ...output, children }, labels };
    }
    if (result.state === "failed") return failed(result.code, text(result.message), await labelsOf(result.labels));
    if (result.state === "waiting") return result;
    return { state: "unknown", message: text(result.message), ...textsOf(await labelsOf(result.labels)) };
  } catch (thrown) {
    if (outer.aborted) throw outer.reason;
    const error = toRoostError(signal.aborted ? signal.reason : thrown);
    if (!hasStarted || tool.effect === "readonly" || refusalCodes.has(error.code))
      return failed(error.code, text(error.message), await labelsOf());
    return { state: "unknown", message: text(error.message), ...textsOf(await labelsOf()) };
  } finally {
    clearTimeout(timer);
  }
}

/** The output for the model: text as it is, everything else as JSON, cut at the limit. */
export function toToolOutput(
  output: JsonValue | undefined,
  { labels, charsMax, parts = [] }: { labels: Labels; charsMax: number; parts?: Part[] | undefined },
): ToolOutput {
  const said = typeof output === "string" ? output : (JSON.stringify(output) ?? "null");
  const text = [shorten(said, charsMax), ...parts.map((part) => `[${namePart(part)}]`)].join("\n");
  return {
    text: storableText(text),
    isUntrusted: isUntrusted(labels),
    ...textsOf(labels),
    ...(parts.length > 0 ? { parts: parts.map((part) => ({ ...part, labels: formatLabels(labels) })) } : {}),
  };
}

/** Left out where there is nothing to say. */
function textsOf(labels: Labels): { labels?: string[] | undefined } {
  return areSameLabels(labels, openLabels) ? {} : { labels: formatLabels(labels) };
}

/** Keeps the beginning and says how much is missing. */
export function shorten(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const marker = `\n[cut: ${text.length - charsMax} of ${text.length} characters are not shown]`;
  // Does not split a surrogate pair.
  const end = /[\ud800-\udbff]/.test(text[charsMax - 1] ?? "") ? charsMax - 1 : charsMax;
  return text.slice(0, end) + marker;
}

function failed(code: ErrorCode, message: string, labels = openLabels): StepResult<ToolOutput> {
  return { state: "failed", error: { code, message, isRetryable: false, ...textsOf(labels) } };
}

/** Must be created before the work begins: an abort that already happened is not signalled again. */
function rejectOnAbort(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  // When the work wins the race, nothing listens any more.
  aborted.catch(() => {});
  return aborted;
}
