import type { HoldUp } from "@roost/kernel";

const questions: Readonly<Record<string, string>> = {
  approval: "an approval",
  question: "a question",
  resolution: "an effect of unknown outcome",
};

/** That a run which waits for another one waits for a person in truth: `held up by an approval`. Undefined: it does not. */
export function describeHoldUp({ question }: Pick<HoldUp, "question">): string | undefined {
  return question === null ? undefined : `held up by ${questions[question] ?? "a question"}`;
}

/** The same for who waits for the run, and how to answer. */
export function tellHoldUp(holdUp: HoldUp): string | undefined {
  const held = describeHoldUp(holdUp);
  if (held === undefined) return undefined;
  const whose = holdUp.isBehind ? "the turn before it" : "what it has delegated";
  return `H${held.slice(1)} of ${whose}: answer it in the inbox (roost inbox)`;
}
