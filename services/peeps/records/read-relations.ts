/** Relations of a person, from their side: the row says what the other is to the one who has it, or the reverse of it. */
import type { Sql } from "@roost/database";
import type { RelationRecord } from "../contract/records.ts";
import { relationTypeOf } from "../people/relation-types.ts";
import { labelsOf, toldSource } from "../said/labels-of.ts";

interface RelationRow extends Omit<RelationRecord, "since" | "until" | "evidence" | "labels"> {
  nameSource: string;
  evidence: string | null;
  evidenceSource: string | null;
  since: string | null;
  until: string | null;
  isReverse: boolean;
}

/** The current ones first. @param personId Not merged into another. @param relationId This one alone. */
export async function readRelations(sql: Sql, personId: string, relationId?: string): Promise<RelationRecord[]> {
  const rows = await sql.query<RelationRow>(
    `select r.id, r.type, other.id as "personId", other.name, r.since::text as since, r.until::text as until, r.source, other.name_source as "nameSource", r.evidence, r.evidence_source as "evidenceSource",
        mine.root <> $1 as "isReverse"
      from svc_peeps.relation r
        join svc_peeps.person mine on mine.id = r.person_id
        join svc_peeps.person theirs on theirs.id = r.other_id
        join svc_peeps.person other on other.id = case when mine.root = $1 then theirs.root else mine.root end
      where (mine.root = $1 or theirs.root = $1) and mine.root <> theirs.root and ($2::uuid is null or r.id = $2)
      order by r.until desc nulls first, other.name, r.id
      limit 200`,
    [personId, relationId ?? null],
  );
  return rows.map(({ isReverse, nameSource, evidence, evidenceSource, ...row }) => ({
    ...row,
    source: toldSource(row.source),
    type: isReverse ? relationTypeOf(row.type).reverse : row.type,
    evidence: evidence === null ? null : { text: evidence, labels: labelsOf(evidenceSource) },
    labels: labelsOf(row.source, nameSource),
  }));
}
