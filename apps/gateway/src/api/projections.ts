import { RoostError } from "@roost/base";
import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { listProjections, replayProjection, type Kernel, type Projection } from "@roost/kernel";
import { toWire } from "../records/to-wire.ts";

/** A request answers within about that long; the next one goes on. */
const budgetMs = 3_000;

export interface ProjectionsGiven {
  kernel: Kernel;
  /** Every projection of this installation, by name. */
  projections: readonly Projection[];
}

export function serveProjections({ kernel, projections }: ProjectionsGiven): Served[] {
  return [
    serve(operations.listProjections, async ({ limit, after }) => {
      const known = projections.filter(({ name }) => after === undefined || name > after);
      const shown = known.slice(0, limit);
      return {
        projections: toWire(await listProjections(kernel.database, shown)),
        next: known.length > limit ? (shown.at(-1)?.name ?? null) : null,
      };
    }),

    serve(operations.replayProjection, async ({ projection: name, check }, { signal }) => {
      const projection = projections.find((each) => each.name === name);
      if (projection === undefined) {
        const names = projections.map((each) => each.name).join(", ");
        throw new RoostError("not_found", `There is no projection "${name}": there are ${names}`);
      }
      const step = await replayProjection(kernel, projection, { isCheck: check, budgetMs, signal });
      return {
        ...step,
        isEqual: step.isEqual ?? null,
        difference: step.difference ?? null,
        sha256: step.sha256 ?? null,
      };
    }),
  ];
}
