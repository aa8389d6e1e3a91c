/** An access token, without its text: what it has, and its columns. */
import type { TokenRecord } from "@roost/contract/operations";
import type { BudgetCap } from "@roost/kernel";

export type TokenKind = TokenRecord["kind"];

export type TokenCap = Omit<BudgetCap, "scope">;

export interface AccessToken {
  id: string;
  /** Unique among those in force. */
  name: string;
  kind: TokenKind;
  /** Its last characters. */
  ending: string;
  scopes: string[];
  /** Names of models, with `*` for any characters; null: all. */
  models: string[] | null;
  createdBy: string;
  createdAt: Date;
  lastSeenAt: Date | null;
  revokedAt: Date | null;
}

/** How its caller is named in records: `device:phone`. */
export function principalIdOf({ kind, name }: Pick<AccessToken, "kind" | "name">): string {
  return `${kind}:${name}`;
}

/** What every token's text begins with, so that scanners for secrets can be told of it. */
export const tokenPrefix = "sk-roost-";

export const tokenColumns = `id, name, kind, ending, scopes, models, created_by as "createdBy", created_at as "createdAt",
  last_seen_at as "lastSeenAt", revoked_at as "revokedAt"`;
