/** Answers with their sources: search, and how two people are related. Nothing is guessed. */
import { serve } from "@roost/contract";
import type { Sql } from "@roost/database";
import type { ServiceContext } from "@roost/service";
import { search, whoIs } from "../contract/messages.ts";
import { todayOf } from "../people/today-of.ts";
import { nameKey } from "../people/name-key.ts";
import { loveNow, relationTypeOf, wordsOf } from "../people/relation-types.ts";
import { findWords } from "../records/find-words.ts";
import { personColumns, toPerson, type PersonRow } from "../records/read-person.ts";
import { readRelations } from "../records/read-relations.ts";

const candidatesMax = 10;

export const serveAnswers = ({ database, clock, timeZone }: ServiceContext) => [
  serve(search, async ({ words, limit }) => ({ items: await findWords(database, { words, limit }) })),
  serve(whoIs, async ({ of, relation }) => {
    const rows = await findByName(database, of);
    const people = rows.map(toPerson);
    const [one] = people;
    if (one === undefined || people.length > 1) {
      const near = one === undefined ? await findWords(database, { words: of, limit: 5 }) : [];
      return { answer: one === undefined ? ("unknown" as const) : ("ask_which" as const), people, relations: [], near };
    }
    const today = todayOf({ clock, timeZone });
    const type = relationTypeOf(relation).name;
    const wanted = loveNow.includes(type) ? loveNow : [type];
    const relations = (await readRelations(database, one.id)).filter((known) => wanted.includes(known.type));
    const isCurrent = relations.some(({ until }) => until === null || until >= today);
    if (isCurrent) return { answer: "known" as const, people, relations, near: [] };
    const near = await findWords(database, { words: wordsOf(type).join(" or "), limit: 5, personId: one.id });
    return { answer: "unknown" as const, people, relations, near };
  }),
];

/** Listed people all of whose words are in the name, `my friend Ida` without the words around it. */
async function findByName(sql: Sql, name: string): Promise<PersonRow[]> {
  const around = new Set(["my", "the", "a", "friend", "friends", "our", "from"]);
  const words = nameKey(name.replaceAll(/['’]s\b/g, ""))
    .split(" ")
    .filter((word) => word !== "" && !around.has(word));
  if (words.length === 0) return [];
  return await sql.query<PersonRow>(
    `select ${personColumns} from svc_peeps.person p
      where p.merged_into is null and p.is_listed and (string_to_array(p.name_key, ' ') @> $1::text[] or exists (
        select from svc_peeps.person m join svc_peeps.field f on f.person_id = m.id
        where m.root = p.id and f.name = 'nickname' and lower(f.value) = $2))
      order by p.name, p.id limit $3`,
    [words, words.join(" "), candidatesMax],
  );
}
