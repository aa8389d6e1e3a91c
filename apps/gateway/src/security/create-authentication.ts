/** Who calls: compares a bearer token with the home's, in constant time, and slows down who guesses. */
import { timingSafeEqual } from "node:crypto";
import { RoostError, type Clock } from "@roost/base";
import { hashToken, type Token } from "./open-token.ts";

export interface AuthenticationOptions {
  token: Token;
  clock: Clock;
}

/** Wrong tokens within a window after which every caller without the right one is refused for the rest of it. */
const failuresMax = 20;
const windowMs = 10_000;
/** Of an Authorization header that is looked at. */
const headerCharsMax = 1_000;

/** RFC 6750. @throws RoostError `unauthenticated`, or `limit_exceeded` after too many wrong tokens */
export type Authenticate = (headers: Headers) => Promise<void>;

export function createAuthentication({ token, clock }: AuthenticationOptions): Authenticate {
  let failureCount = 0;
  let windowEndsMs = 0;
  return async (headers) => {
    const given = readBearer(headers.get("authorization") ?? "");
    const expected = await token.hash();
    // The right token always gets in: who guesses cannot lock the owner out.
    if (given !== undefined && expected !== undefined && timingSafeEqual(hashToken(given), expected)) return;
    // Without a token nothing is guessed.
    if (given === undefined) {
      throw new RoostError("unauthenticated", "The call has no bearer token: send the one in .roost/token of the home");
    }
    const nowMs = clock.nowMs();
    if (nowMs >= windowEndsMs) {
      windowEndsMs = nowMs + windowMs;
      failureCount = 0;
    }
    failureCount += 1;
    if (failureCount > failuresMax) {
      throw new RoostError(
        "limit_exceeded",
        `More than ${failuresMax} calls without the right token within ${windowMs / 1000} s: wait and try again`,
      );
    }
    throw new RoostError(
      "unauthenticated",
      "The bearer token is not this home's: send the one in .roost/token of the home",
    );
  };
}

function readBearer(header: string): string | undefined {
  if (header.length > headerCharsMax) return undefined;
  return /^Bearer +(\S+)$/i.exec(header)?.[1];
}
