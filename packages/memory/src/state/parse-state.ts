/** Converts state files between text and value. Equal values have equal texts, whatever the order of fields. */
import type { JsonValue } from "@roost/base";

export const stateBytesMax = 262_144;
const stateDepthMax = 64;

export type ParsedState = { state: "valid"; value: JsonValue } | { state: "invalid"; problem: string };

/** Renders a value as a file: two spaces, sorted fields, a final line feed. */
export function renderState(value: JsonValue): string {
  return `${JSON.stringify(ordered(value), null, 2)}\n`;
}

/** Parses a state file; what the log cannot hold is invalid too. */
export function parseState(text: string): ParsedState {
  if (Buffer.byteLength(text) > stateBytesMax)
    return { state: "invalid", problem: `it is larger than ${stateBytesMax} bytes` };
  let value: JsonValue;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, "")) as JsonValue;
  } catch (error) {
    return {
      state: "invalid",
      problem: text.trim() === "" ? "it is empty" : `it is not JSON: ${(error as Error).message}`,
    };
  }
  const problem = problemOf(value);
  return problem === undefined ? { state: "valid", value } : { state: "invalid", problem };
}

/** Why a value cannot be a state, or undefined. */
export function problemOf(value: JsonValue, depth = 0): string | undefined {
  if (depth > stateDepthMax) return `it is nested deeper than ${stateDepthMax} levels`;
  if (typeof value === "string")
    return value.includes("\0") || !value.isWellFormed() ? "it has a text that is not well-formed" : undefined;
  if (typeof value === "number") return Number.isFinite(value) ? undefined : "it has a number that is not finite";
  if (value === null || typeof value !== "object") return undefined;
  const children = Array.isArray(value) ? value : [...Object.keys(value), ...Object.values(value)];
  for (const child of children) {
    const problem = problemOf(child, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Whether two values are equal, whatever the order of fields. */
export function isSameState(left: JsonValue, right: JsonValue): boolean {
  return JSON.stringify(ordered(left)) === JSON.stringify(ordered(right));
}

function ordered(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(ordered);
  if (value === null || typeof value !== "object") return value;
  const names = Object.keys(value).sort();
  // fromEntries defines each field, including `__proto__`.
  return Object.fromEntries(names.map((name) => [name, ordered(value[name]!)]));
}
