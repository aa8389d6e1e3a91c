// tidy: two checks that are always made together.
import { describeIssue, RoostError } from "@roost/base";
import { KeyText } from "@roost/contract/operations";

/** By the contract's rule. @throws invalid_input for a name that is empty, too long, has hidden characters or is not a valid path segment */
export function checkName(what: string, name: string): void {
  const { error } = KeyText.safeParse(name);
  if (error !== undefined)
    throw new RoostError("invalid_input", `The ${what} "${name.slice(0, 64)}" ${describeIssue(error.issues[0]!)}`);
}

/** @throws invalid_input for a duration out of bounds */
export function checkMs(what: string, ms: number, bounds: { min: number; max: number }): void {
  if (!Number.isSafeInteger(ms) || ms < bounds.min || ms > bounds.max) {
    throw new RoostError(
      "invalid_input",
      `The ${what} of ${ms} ms is out of bounds: use whole milliseconds from ${bounds.min} to ${bounds.max}`,
    );
  }
}
