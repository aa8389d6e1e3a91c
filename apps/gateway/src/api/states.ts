import { RoostError } from "@roost/base";
import { pageByName, serve, type Served, toPage } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { getState, listStates, type Memory } from "@roost/memory";

export function serveStates({ memory }: { memory: Memory }): Served[] {
  return [
    serve(operations.listStateFiles, async ({ limit, after }) => {
      const { rows, next } = pageByName(await listStates(memory), { limit, after }, ({ name }) => name);
      const files = rows.map(({ name, version, updatedAt, ageMs, updatedBy }) => ({
        name,
        version,
        updatedAt: updatedAt.toISOString(),
        ageMs: Math.round(ageMs),
        updatedBy,
      }));
      return toPage(files, next);
    }),

    serve(operations.getState, async ({ name }) => {
      const state = await getState(memory, name);
      if (state === undefined) throw new RoostError("not_found", `There is no state "${name}": see roost state`);
      const { version, updatedAt, ageMs, updatedBy, value } = state;
      return { name, version, updatedAt: updatedAt.toISOString(), ageMs: Math.round(ageMs), updatedBy, value };
    }),
  ];
}
