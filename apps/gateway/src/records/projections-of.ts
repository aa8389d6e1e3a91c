import { tickProjection, type Projection } from "@roost/kernel";
import { stateProjection } from "@roost/memory";
import type { GatewayContext } from "../gateway-context.ts";

/** Every projection of this installation, by name. A room that adds one adds it here. */
export function projectionsOf({ memory }: Pick<GatewayContext, "memory">): Projection[] {
  return [stateProjection(memory), tickProjection];
}
