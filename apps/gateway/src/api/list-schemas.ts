import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toWire } from "../records/to-wire.ts";

export function listSchemas({ kernel }: GatewayContext): ApiHandler<"listSchemas"> {
  return async ({ limit, after, type }) => {
    const all = (await kernel.registry.list()).filter((schema) => type === undefined || schema.type === type);
    const keyOf = (schema: { type: string; version: number }) =>
      `${schema.type}/${String(schema.version).padStart(6, "0")}`;
    const rest = all.filter((schema) => after === undefined || keyOf(schema) > after);
    const shown = rest.slice(0, limit);
    const last = shown.at(-1);
    return { schemas: toWire(shown), next: rest.length > limit && last !== undefined ? keyOf(last) : null };
  };
}
