import type { QuestionRecord } from "./notice.ts";

const hashCharsShown = 16;

/**
 * What an approval is bound to beside the call that is shown, as every place says it: the rule that asked, with its version, the SHA-256 of the canonical
 * arguments, and the end of the time to answer. `until` is that end as the place writes times.
 */
export function describeApproval(
  { policy, inputHash }: Pick<NonNullable<QuestionRecord["approval"]>, "policy" | "inputHash">,
  until?: string,
): string {
  const ends = until === undefined ? "" : ` · expires ${until}`;
  return `rule ${policy} · arguments ${inputHash.slice(0, hashCharsShown)}${ends}`;
}
