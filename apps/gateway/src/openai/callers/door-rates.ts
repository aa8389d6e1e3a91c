/** Rates of the OpenAI-compatible door: the buckets are those of all other doors, the words and headers OpenAI's. */
import type { ServerResponse } from "node:http";
import { RoostError } from "@roost/base";
import type { Arrival } from "../../security/check-origin.ts";
import type { RateLimit, RateLimits } from "../../security/create-rate-limits.ts";
import { homeCallerId, type DoorCaller } from "./find-caller.ts";

export interface DoorRates {
  limits: RateLimits;
  /** Of a caller with a key. */
  caller: RateLimit;
  /** Of an address that shows none. */
  address: RateLimit;
}

/** @throws RoostError `limit_exceeded` */
export function takeOfAddress({ limits, address: rate }: DoorRates, { address }: Arrival): void {
  if (address !== undefined) asOpenAi(() => limits.take(`address:${address}`, rate));
}

/** The person's own token has none: it must always get in. @throws RoostError `limit_exceeded` */
export function takeOfCaller({ limits, caller: rate }: DoorRates, { id, name }: DoorCaller, response: ServerResponse) {
  if (id === homeCallerId) return;
  response.setHeader("x-ratelimit-limit-requests", rate.burst);
  response.setHeader("x-ratelimit-remaining-requests", 0);
  const { left, fullInS } = asOpenAi(() => limits.take(name, rate));
  response.setHeader("x-ratelimit-remaining-requests", left);
  response.setHeader("x-ratelimit-reset-requests", `${Math.ceil(fullInS * 1_000)}ms`);
}

function asOpenAi<Result>(take: () => Result): Result {
  try {
    return take();
  } catch (error) {
    if (!(error instanceof RoostError)) throw error;
    const details = { ...error.details, type: "requests", code: "rate_limit_exceeded" };
    throw new RoostError(error.code, error.message, { cause: error, details });
  }
}
