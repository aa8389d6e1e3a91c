// The form that an answer has to have: JSON, or a call of certain tools before it. The model is told in words, because many servers ignore what they
// do not know; the server, where that leaves the model its tools; and what comes is looked at, as neither is sure.

import type { JsonValue } from "@roost/base";
import { parseArgumentsText } from "../messages/parse-arguments.ts";
import { byRoost, type AssistantMessage } from "../messages/message.ts";
import type { ModelRequest } from "../models/models.ts";
import type { AgentEnd } from "./agent-outcome.ts";
import type { Loop, WantedAnswer } from "./loop.ts";

/** How often a model is told that its answer has another form. */
const toldMax = 2;
const faultsMax = 8;
const faultCharsMax = 300;

/** Beginning of the message of a run whose model did not keep to the form. */
export const formUnmet = { format: "no answer was the JSON that was asked for", call: "no tool was called" } as const;

/** What the model is told first. */
export function tellForm({ state, options: { form } }: Loop): void {
  if (form === undefined) return;
  const said = [callWords(form), formatWords(form)].filter((words) => words !== "");
  if (said.length > 0) state.messages.push({ role: "user", text: `(${said.join(" ")})`, from: byRoost });
}

/** What of it the request itself says. A grammar for the answer would keep many servers' models from calling tools. */
export function formOfRequest(loop: Loop): Pick<ModelRequest, "tools" | "toolNames" | "answerFormat" | "toolChoice"> {
  const { tools, state } = loop;
  const { format, mustCall } = loop.options.form ?? {};
  const all = { tools: tools.descriptions, toolNames: tools.names };
  if (mustCall !== undefined && !state.form.isCalled) {
    const offered = all.tools.filter(({ name }) => mustCall.includes(name));
    const [only] = mustCall;
    const toolChoice = mustCall.length === 1 ? { toolName: only! } : "required";
    return { tools: offered, toolNames: mustCall, toolChoice };
  }
  const isTheOnly = all.tools.length === 0 || state.form.toldCount > 0;
  if (format === undefined || !isTheOnly) return all;
  const { name, schema } = format;
  return { tools: [], toolNames: [], answerFormat: { ...(name !== undefined && { name }), ...(schema && { schema }) } };
}

export function noteCalls({ state, tools, options: { form } }: Loop, { toolCalls = [] }: AssistantMessage): void {
  if (toolCalls.some((call) => form?.mustCall?.includes(tools.resolve(call).name))) state.form.isCalled = true;
}

/** The answer in its form; `again`: the model was told, and is asked once more. */
export function takeAnswer(loop: Loop, text: string): { text: string } | "again" | AgentEnd {
  const { state } = loop;
  const { form } = loop.options;
  if (form === undefined) return { text };
  const isCallMissing = form.mustCall !== undefined && !state.form.isCalled;
  const read = form.format === undefined ? { text } : readJson(text, form.format.faultsOf);
  if (!isCallMissing && "text" in read) return read;
  const fault = isCallMissing ? "you called none of these tools" : "fault" in read ? read.fault : "";
  if (state.form.toldCount < toldMax) {
    state.form.toldCount += 1;
    const words = isCallMissing ? callWords(form) : formatWords(form);
    state.messages.push({ role: "user", text: `(Your answer was not taken: ${fault}. ${words})`, from: byRoost });
    return "again";
  }
  const which = isCallMissing ? formUnmet.call : formUnmet.format;
  const message = `${which}, in ${toldMax + 1} tries: ${fault}`;
  return { kind: "failed", error: { code: "unavailable", message, isRetryable: false } };
}

function callWords({ mustCall }: WantedAnswer): string {
  if (mustCall === undefined) return "";
  const named = mustCall.length === 1 ? `the tool ${mustCall[0]}` : `one of the tools ${mustCall.join(", ")}`;
  return `The program that passes this on wants a call of ${named} before any answer.`;
}

function formatWords({ format }: WantedAnswer): string {
  if (format === undefined) return "";
  const by = format.schema === undefined ? "" : ` It must match this JSON Schema:\n${JSON.stringify(format.schema)}`;
  const what = format.schema === undefined ? "JSON object" : "JSON value";
  return `The program that passes this on reads your last answer as one ${what} and nothing else: no words around it, no code fence.${by}`;
}

/** Also out of a code fence or words around it, where there is one value. */
function readJson(text: string, faultsOf: (value: JsonValue) => string[]): { text: string } | { fault: string } {
  const fenced = /```(?:json)?[^\S\n]*\n([\s\S]*?)```/i.exec(text)?.[1];
  const from = text.search(/[[{]/);
  const end = Math.max(text.lastIndexOf("]"), text.lastIndexOf("}")) + 1;
  const inWords = from >= 0 && end > from ? text.slice(from, end) : undefined;
  const tried = [text, fenced, inWords].flatMap((each) => (each === undefined ? [] : each.trim()));
  const found = tried.find((each) => parseArgumentsText(each) !== undefined);
  if (found === undefined) return { fault: `it is not JSON: ${text.trim().slice(0, 100)}` };
  const faults = faultsOf(parseArgumentsText(found)!);
  if (faults.length === 0) return { text: found };
  return {
    fault: faults
      .slice(0, faultsMax)
      .map((fault) => fault.slice(0, faultCharsMax))
      .join("; "),
  };
}
