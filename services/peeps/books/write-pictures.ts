/** Pictures of cards as bytes, each once; those that no person has any more are removed. */
import type { Sql } from "@roost/database";
import { pictureName } from "../contacts/picture.ts";
import type { Contact } from "../contacts/contact.ts";

/** Before the fields that name them are written. Returns those that the people had from this book. */
export async function writePictures(
  tx: Sql,
  cards: readonly { contact: Contact; personId: string }[],
  book: string,
): Promise<readonly string[]> {
  for (const { contact } of cards) {
    const { photo } = contact;
    if (photo === undefined || !("bytes" in photo)) continue;
    // One after the other: a transaction's pictures would make a parameter of any size.
    await tx.query(
      "insert into svc_peeps.picture (name, media_type, bytes) values ($1, $2, $3) on conflict (name) do nothing",
      [pictureName(photo.bytes), photo.mediaType, photo.bytes],
    );
  }
  const rows = await tx.query<{ value: string }>(
    `select distinct value from svc_peeps.field where name = 'picture' and origin = 2 and source = $2
      and person_id = any ($1::uuid[]) and value like 'sha256:%'`,
    [cards.map(({ personId }) => personId), book],
  );
  return rows.map(({ value }) => value);
}

export async function removeUnusedPictures(tx: Sql, names: readonly string[]): Promise<void> {
  if (names.length > 0)
    await tx.query(
      `delete from svc_peeps.picture p where p.name = any ($1::text[])
        and not exists (select from svc_peeps.field f where f.name = 'picture' and f.value = p.name)`,
      [names],
    );
}
