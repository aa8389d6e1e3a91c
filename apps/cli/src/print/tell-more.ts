import type { RunRecord } from "@roost/contract/operations";

/** By the unit in which the refusing cap is told. */
const options: readonly (readonly [RegExp, string])[] = [
  [/the cap of \$[\d.]+ for run:/, " --budget-usd 1"],
  [/the cap of \d+ tokens for run:/, " --budget-tokens 100000"],
  [/the cap of \d+ calls for run:/, " --budget-calls 20"],
];

/** A run that went round in circles would do so again. */
const goesOn = /the cap of |this run may make /;

/** How a run that a limit has stopped goes on; undefined for others. */
export function tellMore({ id, error }: Pick<RunRecord, "id" | "error">): string | undefined {
  if (error?.code !== "limit_exceeded" || !goesOn.test(error.message)) return undefined;
  const option = options.find(([cap]) => cap.test(error.message))?.[1];
  const first = /the cap of [^:]* for (?!run:)/.test(error.message) ? "Once that cap allows it, it" : "It";
  return `${first} goes on from its last finished step: roost run retry ${id}${option ?? ""}`;
}
