// tidy: two checks that are always made together.
import { RoostError } from "@roost/base";
import { KeyText } from "@roost/contract/operations";
import { coordinationLimits } from "./coordination-limits.ts";

/** By the contract's rule. @throws invalid_input for a name that is empty, too long, has control characters or is not a valid path segment */
export function checkName(what: string, name: string): void {
  if (!KeyText.safeParse(name).success) {
    throw new RoostError(
      "invalid_input",
      `The ${what} "${name.slice(0, 64)}" has ${name.length} characters: use 1 to ${coordinationLimits.nameCharsMax}, without control characters, and not . or ..`,
    );
  }
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
