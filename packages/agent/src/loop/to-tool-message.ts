// What a model reads of a tool call's step, whatever came of it, with the marks of what is quoted.
import { formatLabels, isUntrusted, parseLabels, type Labels } from "@roost/contract/labels";
import type { ToolMessage } from "../messages/message.ts";
import type { StepOutcome } from "../steps/step-runner.ts";
import { shorten, type ToolOutput } from "../tools/execute-tool.ts";

/** Of what an error quotes. */
function markOfTexts(labels: readonly string[] | undefined): Pick<ToolMessage, "isUntrusted" | "labels"> {
  return labels === undefined ? {} : markOf(parseLabels(labels));
}

function markOf(labels: Labels): Pick<ToolMessage, "isUntrusted" | "labels"> {
  return { labels: formatLabels(labels), isUntrusted: isUntrusted(labels) ? true : undefined };
}

/** Turns every outcome into text for the model. */
export function toToolMessage(
  outcome: StepOutcome<ToolOutput>,
  call: { toolCallId: string; toolName: string; charsMax: number },
): ToolMessage {
  const message = { role: "tool" as const, toolCallId: call.toolCallId, toolName: call.toolName };
  switch (outcome.state) {
    case "done":
      return {
        ...message,
        text: outcome.output.text,
        ...(outcome.output.parts === undefined ? {} : { parts: outcome.output.parts }),
        ...(outcome.output.isUntrusted ? { isUntrusted: true } : {}),
        ...(outcome.output.labels === undefined ? {} : { labels: outcome.output.labels }),
      };
    case "failed":
      return {
        ...message,
        ...markOfTexts(outcome.error.labels),
        text: `Error (${outcome.error.code}): ${outcome.error.message}`,
        isError: true,
      };
    case "unknown":
      return {
        ...message,
        ...markOfTexts(outcome.labels),
        text: `Outcome unknown: ${outcome.message}. It may or may not have happened, and was not repeated. Find out before you try again, or tell the person`,
        isError: true,
      };
    case "answered":
      return {
        ...message,
        ...(outcome.labels === undefined ? {} : markOf(outcome.labels)),
        text: shorten(
          typeof outcome.answer === "string" ? outcome.answer : JSON.stringify(outcome.answer),
          call.charsMax,
        ),
      };
  }
}
