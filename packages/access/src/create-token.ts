/** Makes access tokens. What they are and how they are found again: access-token.ts, open-access.ts. */
import { createHash, randomBytes } from "node:crypto";
import { RoostError } from "@roost/base";
import { formatLabels, mainLabels } from "@roost/contract/labels";
import { setKeyCaps, type Kernel, type KernelTransaction } from "@roost/kernel";
import { tokenColumns, tokenPrefix, type AccessToken, type TokenCap, type TokenKind } from "./access-token.ts";

export interface NewToken {
  name: string;
  kind: TokenKind;
  scopes: readonly string[];
  models?: readonly string[] | undefined;
  caps?: readonly TokenCap[] | undefined;
  /** Who makes it. */
  by: string;
}

/** In force at a time. */
const tokensMax = 1_000;
const secretBytes = 32;
const endingChars = 4;

/**
 * Makes a token. Its text is told here and nowhere else.
 * @throws RoostError `conflict` when there is one of this name, `limit_exceeded`, `invalid_input`
 */
export async function createToken(kernel: Kernel, given: NewToken): Promise<MadeToken> {
  return kernel.transact((tx) => insertToken(tx, { ...given, id: kernel.createId() }));
}

export interface MadeToken {
  token: AccessToken;
  text: string;
}

/** In a transaction of the caller's. @throws RoostError as createToken */
export async function insertToken(tx: KernelTransaction, given: NewToken & { id: string }): Promise<MadeToken> {
  const text = `${tokenPrefix}${randomBytes(secretBytes).toString("base64url")}`;
  const { id, name, kind, scopes, models, caps = [], by } = given;
  const [counted] = await tx.query<{ count: number }>(
    "select count(*)::int as count from access.token where revoked_at is null",
  );
  if ((counted?.count ?? 0) >= tokensMax)
    throw new RoostError("limit_exceeded", `there are ${tokensMax} tokens (the limit): revoke some`);
  const [token] = await tx.query<AccessToken>(
    `insert into access.token (id, name, kind, sha256, ending, scopes, models, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (name) where revoked_at is null do nothing returning ${tokenColumns}`,
    [id, name, kind, hashToken(text), text.slice(-endingChars), scopes, models ?? null, by],
  );
  if (token === undefined)
    throw new RoostError("conflict", `there is a token "${name}" already: choose another name, or revoke it first`);
  await setKeyCaps(tx, { key: token.id, caps });
  tx.emit({
    type: "token.created",
    subject: token.id,
    labels: formatLabels(mainLabels),
    data: { tokenId: token.id, name, kind, scopes: [...scopes], models: models ? [...models] : undefined, by },
  });
  return { token, text };
}

/** Hexadecimal SHA-256: a token is random, so that nothing slower is needed. */
export function hashToken(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
