import type { Principal } from "@roost/contract";

/** Agents and services act for themselves; people and scripts name the actor. */
export function isItself({ kind }: Principal): boolean {
  return kind === "agent" || kind === "service";
}

/** Who is recorded as the actor. */
export function namedBy(principal: Principal, given: string): string {
  return isItself(principal) ? principal.id : given;
}
