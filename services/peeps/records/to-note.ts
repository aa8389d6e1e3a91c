/** Notes as records. */
import type { NoteRecord } from "../contract/records.ts";

export const noteColumns = `id, (select root from svc_peeps.person p where p.id = person_id) as "personId", text, source, at`;

export interface NoteRow extends Omit<NoteRecord, "at"> {
  at: Date;
}

export function toNote({ at, ...row }: NoteRow): NoteRecord {
  return { ...row, at: at.toISOString() };
}
