import { RoostError } from "@roost/base";
import { getState as readState } from "@roost/memory";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

export function getState({ memory }: GatewayContext): ApiHandler<"getState"> {
  return async ({ name }) => {
    const state = await readState(memory, name);
    if (state === undefined)
      throw new RoostError("not_found", `There is no state "${name}": look at the list of states`);
    const { version, updatedAt, ageMs, updatedBy, value } = state;
    return { name, version, updatedAt: updatedAt.toISOString(), ageMs: Math.round(ageMs), updatedBy, value };
  };
}
