import { RoostError } from "@roost/base";
import { pageByName, serve, type Served, toPage } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { listProjections, replayProjection, type Kernel, type Projection } from "@roost/kernel";
import { toWire } from "../records/to-wire.ts";

/** A request takes about this long; the next one continues. */
const budgetMs = 3_000;

export interface ProjectionsGiven {
  kernel: Kernel;
  /** Every projection of this installation, by name. */
  projections: readonly Projection[];
}

export function serveProjections({ kernel, projections }: ProjectionsGiven): Served[] {
  return [
    serve(operations.listProjections, async ({ limit, after }) => {
      const { rows, next } = pageByName(projections, { limit, after }, ({ name }) => name);
      return toPage(toWire(await listProjections(kernel.database, rows)), next);
    }),

    serve(operations.replayProjection, async ({ projection: name, check }, { signal }) => {
      const projection = projections.find((each) => each.name === name);
      if (projection === undefined) {
        const names = projections.map((each) => each.name).join(", ");
        throw new RoostError("not_found", `There is no projection "${name}": the names are ${names}`);
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
