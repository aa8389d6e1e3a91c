import type { Principal } from "@roost/contract";

/** Who is recorded as the actor: people and scripts name whom they act for; agents and services are always themselves. */
export function namedBy({ id, kind }: Principal, given: string): string {
  return kind === "agent" || kind === "service" ? id : given;
}
