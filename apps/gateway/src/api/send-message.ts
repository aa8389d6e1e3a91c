import { sendMessage as recordMessage } from "@roost/memory";
import type { ApiHandler } from "../api-handler.ts";
import type { GatewayContext } from "../gateway-context.ts";

export function sendMessage({ memory }: GatewayContext): ApiHandler<"sendMessage"> {
  return ({ sessionKey, text, agent, source, idempotencyKey }, call) => {
    const key = idempotencyKey ?? call.idempotencyKey;
    return recordMessage(memory, {
      sessionKey,
      text,
      source,
      ...(agent === undefined ? {} : { agent }),
      ...(key === undefined ? {} : { idempotencyKey: key }),
      ...(call.traceparent === undefined ? {} : { traceparent: call.traceparent }),
    });
  };
}
