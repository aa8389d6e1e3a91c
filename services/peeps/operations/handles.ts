/** Handlers on handles. */
import { RoostError } from "@roost/base";
import { serve } from "@roost/contract";
import type { Sql } from "@roost/database";
import type { ServiceContext } from "@roost/service";
import { addHandle, changeHandle } from "../contract/people.ts";
import type { Handle } from "../people/normalize-handle.ts";
import { lockIdentity } from "../people/lock-identity.ts";
import { insertHandles, withLabel } from "../people/insert-person.ts";
import { rootOf } from "../records/read-person.ts";

export const serveHandles = ({ database, clock }: ServiceContext) => {
  const now = (): Date => new Date(clock.nowMs());
  return [
    serve(addHandle, ({ personId, ...given }) =>
      database.transact(async (tx) => {
        const handle = withLabel(given);
        if (handle === undefined) throw new RoostError("invalid_input", "value: nothing is left of it");
        await lockIdentity(tx);
        const root = await rootOf(tx, personId);
        const [owner] = await tx.query<{ root: string; name: string }>(
          `select r.id as root, r.name from svc_peeps.handle h join svc_peeps.person p on p.id = h.person_id join svc_peeps.person r on r.id = p.root
            where h.kind = $1 and h.norm = $2 and r.is_listed and r.id <> $3`,
          [handle.kind, handle.norm, root],
        );
        if (owner !== undefined)
          throw new RoostError(
            "conflict",
            `${handle.norm} is ${owner.name}'s (${owner.root}): move it, mark it as shared, or merge the two`,
          );
        await insertHandles(tx, { personId: root, handles: [handle], at: now() });
        await tx.query(
          `update svc_peeps.handle h set label = coalesce($4, label),
            person_id = case when (select root from svc_peeps.person p where p.id = h.person_id) = $1 then h.person_id else $1 end
            where kind = $2 and norm = $3`,
          [root, handle.kind, handle.norm, handle.label ?? null],
        );
        return { handle: await readHandle(tx, "kind = $1 and norm = $2", [handle.kind, handle.norm]) };
      }),
    ),
    serve(changeHandle, ({ handleId, isShared, isBusiness, label, personId }) =>
      database.transact(async (tx) => {
        const root = personId === undefined ? null : await rootOf(tx, personId);
        await tx.query(
          `update svc_peeps.handle set is_shared = coalesce($2, is_shared), is_business = coalesce($3, is_business),
              label = case when $4 then $5 else label end, person_id = coalesce($6, person_id) where id::text = $1`,
          [handleId, isShared ?? null, isBusiness ?? null, label !== undefined, label ?? null, root],
        );
        return { handle: await readHandle(tx, "id::text = $1", [handleId]) };
      }),
    ),
  ];
};

interface HandleRow {
  id: string;
  kind: Handle["kind"];
  value: string;
  label: string | null;
  isPreferred: boolean;
  isShared: boolean;
  isBusiness: boolean;
}

async function readHandle(tx: Sql, where: string, values: readonly string[]): Promise<HandleRow> {
  const [row] = await tx.query<HandleRow>(
    `select id, kind, norm as value, label, is_preferred as "isPreferred", is_shared as "isShared", is_business as "isBusiness"
      from svc_peeps.handle where ${where}`,
    [...values],
  );
  if (row === undefined) throw new RoostError("not_found", "there is no such handle");
  return row;
}
