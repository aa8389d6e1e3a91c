/** What the domain knows of what a question names: the tool `recall` of an agent asks it beside the home. */
import { serve } from "@roost/contract";
import type { Sql } from "@roost/database";
import type { ServiceContext } from "@roost/service";
import { recall } from "../contract/messages.ts";
import { nameKey } from "../people/name-key.ts";
import { findWords } from "../records/find-words.ts";
import { personColumns, toPerson, type PersonRow } from "../records/read-person.ts";
import { readRelations } from "../records/read-relations.ts";

const wordsMax = 30;
const peopleMax = 5;

export const serveRecall = ({ database }: ServiceContext) => [
  serve(recall, async ({ query, limit }) => {
    const words = await tellingWords(database, query);
    if (words.length === 0) return { people: [], items: [] };
    const people = [];
    for (const row of await findNamed(database, words))
      people.push({ person: toPerson(row), relations: await readRelations(database, row.id) });
    const items = await findWords(database, { words: words.join(" or "), limit, isByFit: true });
    return { people, items };
  }),
];

/** Without those that stand in every sentence. */
async function tellingWords(sql: Sql, query: string): Promise<string[]> {
  const all = new Set(
    query
      .toLowerCase()
      .replaceAll(/['’]s\b/g, "")
      .match(/[\p{L}\p{M}\p{N}]+/gu),
  );
  const rows = await sql.query<{ word: string }>(
    `select word from unnest($1::text[]) with ordinality as given (word, at)
     where ts_lexize('pg_catalog.english_stem', word) is distinct from '{}' order by at limit $2`,
    [[...all], wordsMax],
  );
  return rows.map(({ word }) => word);
}

/** Listed people who have one of the words in their name, those with the most first. */
async function findNamed(sql: Sql, words: readonly string[]): Promise<PersonRow[]> {
  const names = nameKey(words.join(" ")).split(" ");
  return await sql.query<PersonRow>(
    `select ${personColumns} from svc_peeps.person p
     where p.merged_into is null and p.is_listed and string_to_array(p.name_key, ' ') && $1::text[]
     order by (select count(*) from unnest(string_to_array(p.name_key, ' ')) word where word = any ($1)) desc, p.name, p.id limit $2`,
    [names, peopleMax],
  );
}
