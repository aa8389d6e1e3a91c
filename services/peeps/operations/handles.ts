/** Handlers on handles. */
import { RoostError } from "@roost/base";
import { serve } from "@roost/contract";
import type { Sql } from "@roost/database";
import type { ServiceContext } from "@roost/service";
import { addHandle, changeHandle } from "../contract/people.ts";
import type { PersonRecord } from "../contract/records.ts";
import { lockIdentity } from "../people/lock-identity.ts";
import { giveHandle } from "../people/give-handle.ts";
import { withLabel } from "../people/insert-person.ts";
import { rootOf, toHandle, type HandleRow } from "../records/read-person.ts";
import { authorOf } from "../said/labels-of.ts";

export const serveHandles = ({ database, clock }: ServiceContext) => {
  const now = (): Date => new Date(clock.nowMs());
  return [
    serve(addHandle, ({ personId, ...given }, { principal }) =>
      database.transact(async (tx) => {
        const handle = withLabel(given);
        if (handle === undefined) throw new RoostError("invalid_input", "value: nothing is left of it");
        await lockIdentity(tx);
        const root = await rootOf(tx, personId);
        await giveHandle(tx, { personId: root, handle, source: authorOf(principal), at: now() });
        return { handle: await readHandle(tx, "kind = $1 and norm = $2", [handle.kind, handle.norm]) };
      }),
    ),
    serve(changeHandle, ({ handleId, isShared, isBusiness, label, personId }, { principal }) =>
      database.transact(async (tx) => {
        const root = personId === undefined ? null : await rootOf(tx, personId);
        await tx.query(
          `update svc_peeps.handle set is_shared = coalesce($2, is_shared), is_business = coalesce($3, is_business),
              label = case when $4 then $5 else label end, label_source = case when $4 then $7 else label_source end,
              person_id = coalesce($6, person_id) where id::text = $1`,
          [
            handleId,
            isShared ?? null,
            isBusiness ?? null,
            label !== undefined,
            label ?? null,
            root,
            label == null ? null : authorOf(principal),
          ],
        );
        return { handle: await readHandle(tx, "id::text = $1", [handleId]) };
      }),
    ),
  ];
};

async function readHandle(tx: Sql, where: string, values: readonly string[]): Promise<PersonRecord["handles"][number]> {
  const [row] = await tx.query<HandleRow>(
    `select id, kind, norm as value, label, is_preferred as "isPreferred", is_shared as "isShared", is_business as "isBusiness", source, label_source as "labelSource"
      from svc_peeps.handle where ${where}`,
    [...values],
  );
  if (row === undefined) throw new RoostError("not_found", "there is no such handle");
  return toHandle(row);
}
