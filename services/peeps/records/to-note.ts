/** Notes as records. */
import type { NoteRecord } from "../contract/records.ts";
import { labelsOf, toldSource } from "../said/labels-of.ts";

export const noteColumns = `id, (select root from svc_peeps.person p where p.id = person_id) as "personId", text, source, at`;

export interface NoteRow extends Omit<NoteRecord, "at" | "labels"> {
  at: Date;
}

export function toNote({ id, personId, text, source, at }: NoteRow): NoteRecord {
  return { id, personId, text, source: toldSource(source), at: at.toISOString(), labels: labelsOf(source) };
}
