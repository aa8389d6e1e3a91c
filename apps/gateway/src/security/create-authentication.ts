/** Authenticates callers by the home's token, an access token, a run's token, a browser's cookie or a name of the tailnet, and slows down guessing. */
import {
  createFailureCount,
  failuresMax,
  failureWindowMs,
  fingerprintOf,
  isAccessToken,
  isSameSecret,
  type AccessTokens,
  type AccessToken,
  principalIdOf,
} from "@roost/access";
import { type Clock, formatDurationMs, RoostError } from "@roost/base";
import type { Principal } from "@roost/contract";
import { isRunToken } from "@roost/service";
import { refuseOtherPages, type BrowserSessions } from "./browser-session.ts";
import type { Arrival } from "./check-origin.ts";
import { hashToken, type Token } from "./open-token.ts";

export interface AuthenticationOptions {
  token: Token;
  sessions: BrowserSessions;
  /** The principal of a run's token. @throws RoostError `unauthenticated` */
  verifyRunToken: (token: string) => Promise<Principal>;
  access: Pick<AccessTokens, "find" | "findById" | "revoke">;
  clock: Clock;
}

/** Longest Authorization header that is examined. */
const headerCharsMax = 10_000;

/** The home's owner. */
export const owner: Principal = { id: "person:owner", kind: "owner", scopes: ["*"] };

export interface Authentication {
  /** RFC 6750, a cookie, or what Tailscale Serve says. @throws RoostError `unauthenticated`, `forbidden`, or `limit_exceeded` after too many wrong tokens */
  principalOf(request: { method: string; headers: Headers }, arrival: Arrival): Promise<Principal>;
  /** @throws RoostError as principalOf does, for any other token */
  requireHomeToken(given: string): Promise<void>;
  /** @throws RoostError as principalOf does, for a token that is not in force */
  requireAccessToken(given: string): Promise<AccessToken>;
  /** Ends the token of the device that a browser's cookie names, if there is one. */
  signOutDevice(request: { method: string; headers: Headers }, arrival: Arrival): Promise<void>;
  /** Counts a failure of another kind of sign-in as a wrong token. */
  countIfRefused(signIn: () => Promise<void>): Promise<void>;
}

export function createAuthentication(options: AuthenticationOptions): Authentication {
  const { token, sessions, verifyRunToken, access, clock } = options;
  const count = createFailureCount(clock);
  const countFailure = () => {
    const { isTooMany, retryAfterS } = count();
    if (!isTooMany) return;
    throw new RoostError(
      "limit_exceeded",
      `More than ${failuresMax} calls with a wrong token within ${formatDurationMs(failureWindowMs)}: wait and try again`,
      { details: { retryAfterS } },
    );
  };
  const requireHomeToken = async (given: string) => {
    const expected = await token.fingerprint();
    // The right token always gets in, so that guessing cannot lock the owner out.
    if (expected !== undefined && isSameSecret(fingerprintOf(hashToken(given)), expected)) return;
    countFailure();
    throw new RoostError(
      "unauthenticated",
      "The bearer token is not this home's: send the one in .roost/token of the home",
    );
  };
  const requireAccessToken = async (given: string) => {
    const found = await access.find(given);
    if (found !== undefined) return found;
    countFailure();
    throw new RoostError("unauthenticated", "The bearer token is not known here, or was revoked: see roost keys list");
  };
  // Its cookie was signed here, so that it is no guess.
  const requireDevice = async (tokenId: string) => {
    const found = await access.findById(tokenId);
    if (found !== undefined) return found;
    throw new RoostError("unauthenticated", "This device was signed out: pair it again with roost devices pair");
  };
  const countIfRefused = async <Result>(check: () => Promise<Result>) =>
    check().catch((error: unknown) => {
      countFailure();
      throw error;
    });
  return {
    requireHomeToken,
    requireAccessToken,
    countIfRefused,
    async signOutDevice(request, arrival) {
      const device = await sessions.deviceOf(request, arrival);
      const known = device === undefined ? undefined : await access.findById(device);
      if (known !== undefined) await access.revoke(known.id, { by: toPrincipal(known).id });
    },
    async principalOf(request, arrival) {
      const given = readBearer(request.headers.get("authorization") ?? "");
      if (given === undefined) {
        if (await sessions.check(request, arrival)) return owner;
        const device = await sessions.deviceOf(request, arrival);
        if (device !== undefined) return toPrincipal(await requireDevice(device));
        if (arrival.login !== undefined) {
          // The browser brings it by itself, as it does a cookie.
          refuseOtherPages(request.method, request.headers);
          return { id: `device:tailscale/${arrival.login}`, kind: "device", scopes: ["*"] };
        }
        // A call without a token is not a guess.
        throw new RoostError(
          "unauthenticated",
          "The call has no bearer token: send the one in .roost/token of the home",
        );
      }
      if (isAccessToken(given)) return toPrincipal(await requireAccessToken(given));
      if (!isRunToken(given)) {
        await requireHomeToken(given);
        return owner;
      }
      return countIfRefused(() => verifyRunToken(given));
    },
  };
}

function toPrincipal(token: AccessToken): Principal {
  const { kind, scopes } = token;
  return { id: principalIdOf(token), kind, scopes };
}

export function readBearer(header: string): string | undefined {
  if (header.length > headerCharsMax) return undefined;
  return /^Bearer +(\S+)$/i.exec(header)?.[1];
}
