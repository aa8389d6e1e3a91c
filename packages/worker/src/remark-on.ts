import type { AgentOutcome } from "@roost/agent";

type Replied = Extract<AgentOutcome, { kind: "replied" }>;

const raise = "outputTokensMax under models in roost.yaml raises the limit";

/** What a person should know of an incomplete or missing answer. Undefined: nothing is wrong. */
export function remarkOn({
  text,
  finishReason,
  outputTokensMax,
  cutAt,
  mends = [],
  leftOut = [],
  parts = [],
  hasUnreadCall,
}: Replied): string | undefined {
  const remarks: string[] = [];
  const isEmpty = text.trim() === "" && parts.length === 0;
  if (finishReason === "repetition") remarks.push("the model repeated itself without end and was stopped");
  else if (finishReason === "length" && cutAt !== undefined)
    remarks.push(
      `${isEmpty ? "the model gave no answer: it was" : "the answer is"} cut off at ${cutAt} tokens, before its limit of ${outputTokensMax}: the model's context is full, or its server allows no more (docs/models.md)`,
    );
  else if (finishReason === "length")
    remarks.push(
      isEmpty
        ? `the model gave no answer: it used its ${outputTokensMax} tokens before that, usually on reasoning; ${raise}`
        : `the answer is cut off at ${outputTokensMax} tokens: ${raise}`,
    );
  else if (finishReason === "content_filter")
    remarks.push(
      isEmpty ? "the answer was withheld by the provider's filter" : "the answer was cut off by the provider's filter",
    );
  else if (isEmpty) remarks.push("the model gave no answer");
  if (hasUnreadCall === true)
    remarks.push("the model wrote a tool call as text that could not be read, so nothing was done (docs/models.md)");
  remarks.push(
    ...mends.filter((mend) => /without tools/.test(mend)).map(() => "this model takes no tools: it can only chat"),
  );
  remarks.push(...leftOut, ...mends.filter((mend) => /could not read/.test(mend)));
  return remarks.length === 0 ? undefined : remarks.join("; ");
}
