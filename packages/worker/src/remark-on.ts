import type { AgentOutcome } from "@roost/agent";

type Replied = Extract<AgentOutcome, { kind: "replied" }>;

/** A call of a tool that a server has left in the text. */
const writtenCall = /<tool_call>|<\|tool_call|<function=|\[TOOL_CALLS\]|^\s*\{\s*"(?:name|function|tool)"\s*:/;
const raise = "outputTokensMax under models in roost.yaml raises the limit";

/** What a person should know of an answer that is not whole, or none. Undefined: nothing is wrong with it. */
export function remarkOn({ text, finishReason, outputTokensMax, mends = [] }: Replied): string | undefined {
  const remarks: string[] = [];
  const isEmpty = text.trim() === "";
  if (finishReason === "length")
    remarks.push(
      isEmpty
        ? `the model answered nothing: it spent its ${outputTokensMax} tokens before, on thinking as a rule; ${raise}`
        : `the answer is cut off at ${outputTokensMax} tokens: ${raise}`,
    );
  else if (finishReason === "content_filter")
    remarks.push(
      isEmpty
        ? "the answer was withheld by the filter of the provider"
        : "the answer was cut off by the filter of the provider",
    );
  else if (isEmpty) remarks.push("the model answered nothing");
  if (writtenCall.test(text))
    remarks.push(
      "the model wrote a call of a tool as text, so nothing was done: its server has no parser for its calls (docs/models.md)",
    );
  remarks.push(
    ...mends.filter((mend) => /without tools/.test(mend)).map(() => "this model takes no tools: it can only talk"),
  );
  return remarks.length === 0 ? undefined : remarks.join("; ");
}
