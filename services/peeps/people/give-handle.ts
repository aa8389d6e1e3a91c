/** Gives a handle to a person; the handle of a person only known from messages becomes theirs. @throws RoostError `conflict` when another person has it */
import { RoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import { insertHandles, type LabelledHandle } from "./insert-person.ts";

/** Under `lockIdentity`. @param personId Not merged into another. */
export async function giveHandle(
  tx: Sql,
  { personId, handle, source, at }: { personId: string; handle: LabelledHandle; source: string; at: Date },
): Promise<void> {
  const [owner] = await tx.query<{ root: string; name: string }>(
    `select r.id as root, r.name from svc_peeps.handle h join svc_peeps.person p on p.id = h.person_id join svc_peeps.person r on r.id = p.root
      where h.kind = $1 and h.norm = $2 and r.is_listed and r.id <> $3`,
    [handle.kind, handle.norm, personId],
  );
  if (owner !== undefined)
    throw new RoostError(
      "conflict",
      `${handle.norm} is ${owner.name}'s (${owner.root}): move it, mark it as shared, or merge the two`,
    );
  await insertHandles(tx, { personId, handles: [handle], source, at });
  await tx.query(
    `update svc_peeps.handle h set label = coalesce($4, label), label_source = case when $4 is null then label_source else $5 end,
      person_id = case when (select root from svc_peeps.person p where p.id = h.person_id) = $1 then h.person_id else $1 end
      where kind = $2 and norm = $3`,
    [personId, handle.kind, handle.norm, handle.label ?? null, source],
  );
}
