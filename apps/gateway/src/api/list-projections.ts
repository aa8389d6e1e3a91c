import { listProjections as readProjections } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { projectionsOf } from "../records/projections-of.ts";
import { toWire } from "../records/to-wire.ts";

export function listProjections(context: GatewayContext): ApiHandler<"listProjections"> {
  return async ({ limit, after }) => {
    const known = projectionsOf(context).filter(({ name }) => after === undefined || name > after);
    const shown = known.slice(0, limit);
    const projections = await readProjections(context.kernel.database, shown);
    return { projections: toWire(projections), next: known.length > limit ? (shown.at(-1)?.name ?? null) : null };
  };
}
