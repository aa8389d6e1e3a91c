import { RoostError } from "@roost/base";
import { replayProjection as replay } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { projectionsOf } from "../records/projections-of.ts";

/** A request answers within about that long; the next one goes on. */
const budgetMs = 3_000;

export function replayProjection(context: GatewayContext): ApiHandler<"replayProjection"> {
  return async ({ projection: name, check }, { signal }) => {
    const known = projectionsOf(context);
    const projection = known.find((each) => each.name === name);
    if (projection === undefined) {
      const names = known.map((each) => each.name).join(", ");
      throw new RoostError("not_found", `There is no projection "${name}": there are ${names}`);
    }
    const step = await replay(context.kernel, projection, { isCheck: check, budgetMs, signal });
    return { ...step, isEqual: step.isEqual ?? null, difference: step.difference ?? null, sha256: step.sha256 ?? null };
  };
}
