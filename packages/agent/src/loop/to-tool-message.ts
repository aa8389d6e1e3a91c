import type { ToolMessage } from "../messages/message.ts";
import type { StepOutcome } from "../steps/step-runner.ts";
import { shorten, type ToolOutput } from "../tools/execute-tool.ts";

/** Every outcome is something the model can read. */
export function toToolMessage(
  outcome: StepOutcome<ToolOutput>,
  call: { toolCallId: string; toolName: string; charsMax: number },
): ToolMessage {
  const message = { role: "tool" as const, toolCallId: call.toolCallId, toolName: call.toolName };
  switch (outcome.state) {
    case "done":
      return { ...message, text: outcome.output.text, ...(outcome.output.isUntrusted ? { isUntrusted: true } : {}) };
    case "failed":
      return { ...message, text: `Error (${outcome.error.code}): ${outcome.error.message}`, isError: true };
    case "unknown":
      return {
        ...message,
        text: `Outcome unknown: ${outcome.message}. It may or may not have happened, and was not repeated. Find out before you try again, or tell the person`,
        isError: true,
      };
    case "answered":
      return {
        ...message,
        text: shorten(
          typeof outcome.answer === "string" ? outcome.answer : JSON.stringify(outcome.answer),
          call.charsMax,
        ),
      };
  }
}
