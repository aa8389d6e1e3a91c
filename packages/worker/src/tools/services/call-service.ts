/** Calls of services as an agent makes them: through the gateway, with a token that counts while the run is owned at this epoch. */
import { delay, type JsonValue, type RoostError } from "@roost/base";
import { callOperation } from "@roost/contract";
import { signRunToken, type Services } from "@roost/service";
import { NotSent, type CallService } from "./service-tools.ts";

export interface CallServiceOptions {
  signer: Services["signer"];
  /** Without a slash at its end. Asked for each attempt: a gateway that was started again has another. */
  gatewayUrl: () => Promise<string>;
}

/** A gateway that died is back within seconds. */
const triesMax = 5;
const retryMs = 500;

export function createCallService({ signer, gatewayUrl }: CallServiceOptions): CallService {
  return async ({ service, operation, input, run, idempotencyKey, signal }) => {
    const token = await signRunToken(signer, { ...run, scopes: [`${service}.*:*`] });
    // A call that only reads is not remembered.
    const keyed = operation.effect === "readonly" ? {} : { idempotencyKey };
    for (let tries = 1; ; tries += 1) {
      const options = { baseUrl: `${await gatewayUrl()}/services/${service}`, token };
      try {
        return (await callOperation(operation, input, { signal, ...keyed }, options)) as JsonValue;
      } catch (error) {
        const { details, message } = error as RoostError;
        if (details?.["isNotSent"] === true) throw new NotSent(message, { cause: error });
        if (!isRefusedConnection(error)) throw error;
        if (tries === triesMax) throw new NotSent(message, { cause: error });
        await delay(retryMs * tries, { signal });
      }
    }
  };
}

function isRefusedConnection(error: unknown): boolean {
  for (let at = error as { cause?: unknown; code?: unknown } | undefined; at !== undefined; at = at.cause as typeof at)
    if (at.code === "ECONNREFUSED") return true;
  return false;
}
