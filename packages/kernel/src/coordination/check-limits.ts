// tidy: two checks that are always made together.
import { RoostError } from "@roost/base";
import { coordinationLimits } from "./coordination-limits.ts";

/** @throws invalid_input for a name that is empty, too long or has control characters */
export function checkName(what: string, name: string): void {
  if (name.length === 0 || name.length > coordinationLimits.nameCharsMax || /\p{Cc}/u.test(name)) {
    throw new RoostError(
      "invalid_input",
      `The ${what} "${name.slice(0, 64)}" has ${name.length} characters: use 1 to ${coordinationLimits.nameCharsMax}, without control characters`,
    );
  }
}

/** @throws invalid_input for a length of time out of its bounds */
export function checkMs(what: string, ms: number, bounds: { min: number; max: number }): void {
  if (!Number.isSafeInteger(ms) || ms < bounds.min || ms > bounds.max) {
    throw new RoostError(
      "invalid_input",
      `The ${what} of ${ms} ms is out of bounds: use whole milliseconds from ${bounds.min} to ${bounds.max}`,
    );
  }
}
