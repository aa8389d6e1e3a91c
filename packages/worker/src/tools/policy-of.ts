import type { CallPolicy } from "@roost/contract/operations";

export interface FoundPolicy {
  pattern: string;
  decision: CallPolicy;
}

/** What an agent's policies say of a tool: of the name itself, else the longest beginning. */
export function policyOf(policies: Readonly<Record<string, CallPolicy>>, tool: string): FoundPolicy | undefined {
  const fitting = Object.entries(policies)
    .filter(([pattern]) => pattern === tool || (pattern.endsWith("*") && tool.startsWith(pattern.slice(0, -1))))
    .toSorted(([left], [right]) => Number(right === tool) - Number(left === tool) || right.length - left.length);
  const [found] = fitting;
  return found === undefined ? undefined : { pattern: found[0], decision: found[1] };
}
