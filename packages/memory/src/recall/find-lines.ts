/** Finds the lines that have words of a query, and ranks them. How many are looked at is bounded, whatever the words. */
import { RoostError } from "@roost/base";
import type { Sql } from "@roost/database";
import type { DocumentKind } from "./index-document.ts";
import { rankLines, termsMax, weightOfTerm, type Candidate, type RankedLine } from "./rank-lines.ts";

export interface FindLines {
  query: string;
  /** Sets of labels that the reader may know; undefined: all. */
  labelSets: readonly number[] | undefined;
  kinds?: readonly DocumentKind[] | undefined;
  /** Only this document. */
  ref?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
  nowMs: number;
  limit: number;
}

/** Lines that are scored; of more, those with the rarest words. */
const candidatesMax = 4_000;
const queryCharsMax = 1_000;
/** Words that no line has are taken for similar ones. */
const similarityMin = 0.45;
const similarMax = 3;

interface QueryTerm {
  variants: { term: string; lineCount: number }[];
  lineCount: number;
  weight: number;
}

/** Best first. @throws RoostError `invalid_input` when the query is too long */
export async function findLines(sql: Sql, find: FindLines): Promise<RankedLine[]> {
  if (find.query.length > queryCharsMax)
    throw new RoostError(
      "invalid_input",
      `the question has ${find.query.length} characters (limit ${queryCharsMax}): ask in a sentence or two`,
    );
  const terms = await readTerms(sql, find.query);
  if (terms.length === 0) return [];
  const candidates = await readCandidates(sql, terms, find);
  const weights = terms.map(({ weight }) => weight);
  return rankLines(candidates, { weights, nowMinute: Math.floor(find.nowMs / 60_000), limit: find.limit });
}

/** The words of a query as the lines have them, rarest first. */
async function readTerms(sql: Sql, query: string): Promise<QueryTerm[]> {
  const rows = await sql.query<{ lexeme: string; lineCount: number | null; allCount: number }>(
    `select lexeme, t.line_count as "lineCount", coalesce((select line_count from memory.recall_term where term = ''), 0) as "allCount"
     from unnest(to_tsvector('memory.recall', $1)) left join memory.recall_term t on t.term = lexeme`,
    [query.replaceAll("\0", " ")],
    { name: "memory_recall_query" },
  );
  const missing = rows.filter(({ lineCount }) => (lineCount ?? 0) === 0).map(({ lexeme }) => lexeme);
  const similar = missing.length === 0 ? [] : await readSimilar(sql, missing.slice(0, termsMax));
  const terms = rows.flatMap(({ lexeme, lineCount, allCount }): QueryTerm[] => {
    if (lineCount !== null && lineCount > 0)
      return [
        { variants: [{ term: lexeme, lineCount }], lineCount, weight: weightOfTerm({ lineCount, allCount, fit: 1 }) },
      ];
    const variants = similar.filter(({ word }) => word === lexeme);
    if (variants.length === 0) return [];
    const count = variants.reduce((sum, each) => sum + each.lineCount, 0);
    const fit = Math.max(...variants.map(({ similarity }) => similarity));
    return [{ variants, lineCount: count, weight: weightOfTerm({ lineCount: count, allCount, fit }) }];
  });
  return terms.sort((a, b) => a.lineCount - b.lineCount).slice(0, termsMax);
}

async function readSimilar(sql: Sql, words: readonly string[]) {
  return sql.query<{ word: string; term: string; lineCount: number; similarity: number }>(
    `select word, term, line_count as "lineCount", similarity from unnest($1::text[]) as word, lateral (
       select term, line_count, similarity(term, word) from memory.recall_term
       where term % word and line_count > 0 and length(word) > 3 order by similarity(term, word) desc, line_count desc limit ${similarMax}
     ) as found where similarity >= ${similarityMin}`,
    [words],
    { name: "memory_recall_similar" },
  );
}

async function readCandidates(sql: Sql, terms: readonly QueryTerm[], find: FindLines): Promise<Candidate[]> {
  const chosen: QueryTerm[] = [];
  let sum = 0;
  for (const term of terms) {
    if (chosen.length > 0 && sum + term.lineCount > candidatesMax) break;
    chosen.push(term);
    sum += term.lineCount;
  }
  const bits = terms.map((_term, bit) => `((words @@ ($7::tsquery[])[${bit + 1}])::integer << ${bit})`).join(" | ");
  const isBounded = sum > candidatesMax;
  // One value in the place of thousands of rows: rows cost more to read than to find.
  const [row] = await sql.query<{ found: string | null }>(
    `select string_agg(document || ' ' || place || ' ' || minute || ' ' || mask, ',') as found from (
       select document, place, floor(extract(epoch from at) / 60)::bigint as minute, ${bits} as mask from memory.recall_line
       where words @@ $1::tsquery and ($2::integer[] is null or labels = any($2))
         and ($3::text[] is null and $4::text is null or document in (
           select id from memory.recall_document where ($3::text[] is null or kind = any($3)) and ($4::text is null or ref = $4)))
         and ($5::timestamptz is null or at >= $5) and ($6::timestamptz is null or at < $6)
       ${isBounded ? "order by at desc" : ""} limit ${candidatesMax}) as found`,
    [
      chosen.map(queryOf).join(" | "),
      find.labelSets ?? null,
      find.kinds ?? null,
      find.ref ?? null,
      find.since ?? null,
      find.until ?? null,
      terms.map(queryOf),
    ],
    { name: `memory_recall_lines_${terms.length}${isBounded ? "_newest" : ""}` },
  );
  return (row?.found ?? "").split(",").flatMap((text) => {
    if (text === "") return [];
    const [document, place, atMinute, mask] = text.split(" ").map(Number);
    return [{ document: document!, place: place!, atMinute: atMinute!, mask: mask! }];
  });
}

function queryOf({ variants }: QueryTerm): string {
  const quoted = variants.map(({ term }) => `'${term.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`);
  return `(${quoted.join(" | ")})`;
}
