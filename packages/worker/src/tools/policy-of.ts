import type { CallPolicy } from "@roost/contract/operations";
import { hostOf } from "../http/host-of.ts";

export interface FoundPolicy {
  pattern: string;
  decision: CallPolicy;
}

/** A pattern is the name of a tool, or its beginning and *. */
export function fitsTool(pattern: string, tool: string): boolean {
  return pattern === tool || (pattern.endsWith("*") && tool.startsWith(pattern.slice(0, -1)));
}

/**
 * The name itself, else the longest beginning; of one target before that of all. `target`: what the call reaches. What is held back of a host is held
 * back of all its ports, however it is spelled; what is allowed, of this one alone.
 */
export function policyOf(
  policies: Readonly<Record<string, CallPolicy>>,
  tool: string,
  target?: string,
): FoundPolicy | undefined {
  const fitting = Object.entries(policies).flatMap(([pattern, decision]) => {
    const [name = "", ...rest] = pattern.split("@");
    const named = rest.length === 0 ? undefined : rest.join("@");
    if (!fitsTool(name, tool) || (named !== undefined && !coversTarget(named, target, decision))) return [];
    const rank = (name === tool ? 1_000 : 3 * name.length) + (named === undefined ? 0 : named === target ? 2 : 1);
    return [{ pattern, decision, rank }];
  });
  return fitting.toSorted((left, right) => right.rank - left.rank)[0];
}

function coversTarget(named: string, target: string | undefined, decision: CallPolicy): boolean {
  if (named === target || decision === "allow") return named === target;
  const asked = target?.toLowerCase();
  if (asked === undefined) return false;
  const spelled = [named.toLowerCase(), hostOf(`http://${named}`)];
  return [asked, asked.replace(/:\d+$/, "")].some((one) => spelled.includes(one));
}
