/** Reads tokens for people, and revokes them. */
import { RoostError } from "@roost/base";
import { formatLabels, mainLabels } from "@roost/contract/labels";
import { setKeyCaps, type Kernel } from "@roost/kernel";
import { lockLoginsOf, shutOut } from "./host-login.ts";
import { principalIdOf, tokenColumns, type AccessToken, type TokenKind } from "./access-token.ts";
import { removePushSubscriptionsOf } from "./list-push-subscriptions.ts";

/** By name. Revoked ones only when asked for. */
export async function listTokens(
  kernel: Kernel,
  query: { limit: number; after?: string | undefined; kind?: TokenKind | undefined; withRevoked?: boolean },
): Promise<AccessToken[]> {
  return kernel.database.query<AccessToken>(
    `select ${tokenColumns} from access.token
     where ($1::uuid is null or (name, id) > (select name, id from access.token where id = $1)) and ($2::text is null or kind = $2)
       and ($3 or revoked_at is null) order by name, id limit $4`,
    [query.after ?? null, query.kind ?? null, query.withRevoked ?? false, query.limit],
  );
}

/** By id, or by the name of one in force; the browser that it was in is woken no more, the workers of the host that it was log in no more. Repeating it changes nothing. @throws RoostError `not_found` */
export async function revokeToken(
  kernel: Kernel,
  { token: given, by }: { token: string; by: string },
): Promise<{ token: AccessToken; isNew: boolean }> {
  const { locked, ...revoked } = await kernel.transact(async (tx) => {
    const [found] = await tx.query<{ id: string }>(
      `select id from access.token where id::text = $1 or name = $1 order by revoked_at is null desc, id::text = $1 desc limit 1`,
      [given],
    );
    if (found === undefined)
      throw new RoostError("not_found", `there is no token "${given.slice(0, 100)}": see roost keys list`);
    // The code of a host first, as a host does that asks by it again: it answers no more, also not the attempt that used it.
    await tx.query(
      "update access.pairing p set void_at = coalesce(p.void_at, roost.now()) from access.host h where h.token = $1 and p.id = h.pairing",
      [found.id],
    );
    const [known] = await tx.query<AccessToken>(`select ${tokenColumns} from access.token where id = $1 for update`, [
      found.id,
    ]);
    if (known === undefined) throw new RoostError("internal", `the row of token ${found.id} is gone`);
    const locked = await lockLoginsOf(tx, [known.id]);
    if (known.revokedAt !== null) return { token: known, isNew: false, locked };
    const [token] = await tx.query<AccessToken>(
      `update access.token set revoked_at = roost.now(), revoked_by = $2 where id = $1 returning ${tokenColumns}`,
      [known.id, by],
    );
    await setKeyCaps(tx, { key: known.id, caps: [] });
    await removePushSubscriptionsOf(tx, principalIdOf(known));
    tx.emit({
      type: "token.revoked",
      subject: known.id,
      labels: formatLabels(mainLabels),
      data: { tokenId: known.id, name: known.name, kind: known.kind, by },
    });
    return { token: token!, isNew: true, locked };
  });
  await shutOut(kernel.database, locked);
  return revoked;
}
