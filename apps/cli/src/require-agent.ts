/** Refuses misspelt names of agents and tools before they are stored: a job with an unknown tool would have none. */
import { nearestName, RoostError } from "@roost/base";
import { toolNames } from "@roost/contract/operations";
import type { RoostClient } from "./connect.ts";

const agentsMax = 500;

/** @throws RoostError `invalid_input` naming the nearest agent */
export async function requireAgent(client: RoostClient, name: string | undefined): Promise<void> {
  if (name === undefined || name === "main") return;
  const { items } = await client.listAgents({ limit: agentsMax });
  refuseUnknown(
    `--agent "${name}" is not an agent`,
    name,
    items.map(({ id }) => id),
  );
}

/** @throws RoostError `invalid_input` naming the nearest tool */
export async function requireTools(client: RoostClient, names: readonly string[]): Promise<void> {
  const others = names.filter((name) => !toolNames.includes(name));
  if (others.length === 0) return;
  const { items: services } = await client.listServices({});
  for (const name of others)
    if (!services.some((service) => name.startsWith(`${service.name}_`)))
      refuseUnknown(`"${name}" is not a tool`, name, toolNames);
}

/** @throws RoostError `invalid_input` naming the nearest one */
export function refuseUnknown(what: string, name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  const nearest = nearestName(name, names);
  const advice = nearest === undefined ? `known: ${names.join(", ") || "none"}` : `did you mean ${nearest}?`;
  throw new RoostError("invalid_input", `${what}; ${advice}`);
}
