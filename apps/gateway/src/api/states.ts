import { RoostError } from "@roost/base";
import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { getState, listStates, type Memory } from "@roost/memory";

export function serveStates({ memory }: { memory: Memory }): Served[] {
  return [
    serve(operations.listStateFiles, async ({ limit, after }) => {
      const states = (await listStates(memory)).filter(({ name }) => after === undefined || name > after);
      const files = states.slice(0, limit).map(({ name, version, updatedAt, ageMs, updatedBy }) => ({
        name,
        version,
        updatedAt: updatedAt.toISOString(),
        ageMs: Math.round(ageMs),
        updatedBy,
      }));
      return { files, next: states.length > limit ? (files.at(-1)?.name ?? null) : null };
    }),

    serve(operations.getState, async ({ name }) => {
      const state = await getState(memory, name);
      if (state === undefined)
        throw new RoostError("not_found", `There is no state "${name}": look at the list of states`);
      const { version, updatedAt, ageMs, updatedBy, value } = state;
      return { name, version, updatedAt: updatedAt.toISOString(), ageMs: Math.round(ageMs), updatedBy, value };
    }),
  ];
}
