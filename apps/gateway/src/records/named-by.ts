import type { Principal } from "@roost/contract";

/** Who is recorded as having done it: people and scripts name who it is for, an agent or a service is always itself. */
export function namedBy({ id, kind }: Principal, given: string): string {
  return kind === "agent" || kind === "service" ? id : given;
}
