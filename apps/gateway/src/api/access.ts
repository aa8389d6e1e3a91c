/** Access tokens: list, create, revoke. A caller gives no scope that it lacks. */
import {
  createToken,
  hasLogins,
  listTokens,
  revokeToken,
  type AccessTokens,
  type AccessToken,
  type TokenCap,
} from "@roost/access";
import { RoostError } from "@roost/base";
import { coversScope, placeOf, readPage, serve, uuidPlace, toPage, type Principal, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { readBudgets, readSpend, type BudgetCap, type Spend } from "@roost/kernel";
import { isoOrNull } from "../records/iso.ts";
import type { HostPlace } from "../security/host-place.ts";
import { leftToHome } from "../security/leave-to-home.ts";

export interface ServeAccessOptions {
  access: AccessTokens;
  hostPlace: Pick<HostPlace, "homeAddress">;
}

export function serveAccess({ access, hostPlace: { homeAddress } }: ServeAccessOptions): Served[] {
  const { kernel } = access;
  const toRecords = async (tokens: readonly AccessToken[]): Promise<operations.TokenRecord[]> => {
    const scopes = tokens.map(({ id }) => `key:${id}`);
    const [{ caps }, spent] = await Promise.all([
      readBudgets(kernel),
      readSpend(kernel, { scopes, limit: 4 * scopes.length }),
    ]);
    return tokens.map((token) => toTokenRecord(token, { caps, spent }));
  };
  return [
    serve(operations.listTokens, async ({ limit, after, kind, withRevoked }) => {
      const query = { after: placeOf(uuidPlace, after), kind, withRevoked };
      const { rows, next } = await readPage(
        limit,
        (most) => listTokens(kernel, { ...query, limit: most }),
        ({ id }) => id,
      );
      return toPage(await toRecords(rows), next);
    }),

    serve(operations.createToken, async ({ name, kind, scopes, models, caps = {} }, { principal }) => {
      requireScopes(principal, scopes);
      const made = await createToken(kernel, { name, kind, scopes, models, caps: toCaps(caps), by: principal.id });
      access.forget();
      const [token] = await toRecords([made.token]);
      return { token: token!, text: made.text };
    }),

    serve(operations.revokeToken, async ({ token: given }, { principal }) => {
      if (homeAddress !== undefined && (await hasLogins(kernel, given)))
        throw leftToHome("Removing a host that runs processes of the home", homeAddress);
      const { token } = await revokeToken(kernel, { token: given, by: principal.id });
      access.forget();
      const [record] = await toRecords([token]);
      return { token: record! };
    }),
  ];
}

/** @throws RoostError `forbidden` for a scope that the caller lacks itself */
export function requireScopes({ id, scopes: own }: Principal, scopes: readonly string[]): void {
  const beyond = scopes.find((scope) => !coversScope(own, scope));
  if (beyond !== undefined)
    throw new RoostError("forbidden", `${id} may not give the scope ${beyond}: it lacks it itself`);
}

type Caps = operations.TokenRecord["caps"];

function toCaps(caps: Caps): TokenCap[] {
  return operations.tokenWindows.flatMap((window) => {
    const bounds = Object.entries(caps[window] ?? {}).filter(([, value]) => value !== undefined);
    return bounds.length === 0 ? [] : [{ window, ...Object.fromEntries(bounds) }];
  });
}

function toTokenRecord(
  token: AccessToken,
  { caps, spent }: { caps: readonly BudgetCap[]; spent: readonly Spend[] },
): operations.TokenRecord {
  const { createdAt, lastSeenAt, revokedAt, ...rest } = token;
  const isOwn = ({ scope }: { scope: string }) => scope === `key:${token.id}`;
  return {
    ...rest,
    caps: Object.fromEntries(caps.filter(isOwn).map(({ scope: _scope, window, ...cap }) => [window, cap])),
    spent: spent.filter(isOwn).map(({ window, costUsd, tokens, calls }) => ({ window, costUsd, tokens, calls })),
    createdAt: createdAt.toISOString(),
    lastSeenAt: isoOrNull(lastSeenAt),
    revokedAt: isoOrNull(revokedAt),
  };
}
