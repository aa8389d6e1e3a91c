import { runJobNow } from "@roost/kernel";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";
import { toTickRecord } from "../records/to-job.ts";

export function runJob({ kernel }: GatewayContext): ApiHandler<"runJob"> {
  return async ({ jobId, reason, ...given }, { principal, ...call }) => {
    const idempotencyKey = given.idempotencyKey ?? call.idempotencyKey;
    const { tick, isRepeated } = await runJobNow(kernel, jobId, {
      by: principal.id,
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(reason === undefined ? {} : { reason }),
      ...(call.traceparent === undefined ? {} : { traceparent: call.traceparent }),
    });
    return { tick: toTickRecord(tick), isRepeated };
  };
}
