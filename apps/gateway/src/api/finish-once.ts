import type { JsonValue } from "@roost/base";
import { finishOnce as finish } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toWire } from "../records/to-wire.ts";

export function finishOnce({ kernel }: GatewayContext): ApiHandler<"finishOnce"> {
  return async ({ result, keepMs, ...outcome }) =>
    toWire(
      await finish(kernel, {
        ...outcome,
        result: (result ?? null) as JsonValue,
        ...(keepMs === undefined ? {} : { keepMs }),
      }),
    );
}
