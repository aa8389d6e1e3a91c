import { listStates } from "@roost/memory";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

export function listStateFiles({ memory }: GatewayContext): ApiHandler<"listStateFiles"> {
  return async ({ limit, after }) => {
    const states = (await listStates(memory)).filter(({ name }) => after === undefined || name > after);
    const files = states.slice(0, limit).map(({ name, version, updatedAt, ageMs, updatedBy }) => ({
      name,
      version,
      updatedAt: updatedAt.toISOString(),
      ageMs: Math.round(ageMs),
      updatedBy,
    }));
    return { files, next: states.length > limit ? (files.at(-1)?.name ?? null) : null };
  };
}
