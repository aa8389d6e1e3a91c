/** Finds lines that say what a query says in other words, by their vectors: the nearest codes of all lines, ranked by the numbers themselves. */
import type { Embedder } from "@roost/agent";
import type { Memory } from "../memory.ts";
import { embedNow } from "./embed-now.ts";
import type { FindLines } from "./find-lines.ts";
import { recencyOf, type RankedLine } from "./rank-lines.ts";
import { codeOf, similarityOf } from "./vector-bytes.ts";

/** A person or a model waits: later, words alone decide. */
const queryMsMax = 3_000;
/** Ranked by their numbers. */
const nearestMax = 400;
/** Of less likeness, two texts have nothing in common. */
const similarityMin = 0.2;
/** As usual for reciprocal ranks (Cormack et al. 2009). */
const rankOffset = 60;

/** Best first; nothing where there are no vectors, or none can be had now. */
export async function findNear(memory: Memory, embedder: Embedder, find: FindLines): Promise<RankedLine[]> {
  const vector = await vectorOf(memory, embedder, find.query);
  if (vector === undefined) return [];
  const { kernel } = memory;
  const rows = await kernel.database.query<{ document: number; place: number; atMinute: number; vector: Buffer }>(
    `select near.document, near.place, floor(extract(epoch from near.at) / 60)::bigint as "atMinute", e.vector from (
       select v.document, v.place, v.at, v.key from memory.recall_vector v
       where ($2::integer[] is null or v.labels = any($2))
         and ($3::text[] is null and $4::text is null or v.document in (
           select id from memory.recall_document where ($3::text[] is null or kind = any($3)) and ($4::text is null or ref = $4)))
         and ($5::timestamptz is null or v.at >= $5) and ($6::timestamptz is null or v.at < $6)
         and exists (select 1 from memory.embedding_state s where s.model = $7 and s.dimensions = $8)
       order by bit_count(v.code # $1::bit varying) limit ${nearestMax}) as near
     join memory.embedding e on e.key = near.key`,
    [
      codeOf(vector),
      find.labelSets ?? null,
      find.kinds ?? null,
      find.ref ?? null,
      find.since ?? null,
      find.until ?? null,
      // Another process may have begun anew with another model while this question was embedded: then words alone decide.
      embedder.id,
      vector.length,
    ],
    { name: "memory_recall_near" },
  );
  const nowMinute = Math.floor(find.nowMs / 60_000);
  return rows
    .map(({ document, place, atMinute, vector: stored }) => ({
      document,
      place,
      atMinute,
      similarity: similarityOf(vector, stored),
    }))
    .filter(({ similarity }) => similarity >= similarityMin)
    .map(({ similarity, ...line }) => ({ ...line, score: similarity * recencyOf(nowMinute - line.atMinute) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, find.limit);
}

/** Joins two rankings by reciprocal ranks: what both find goes first. */
export function fuse(byWords: readonly RankedLine[], byVectors: readonly RankedLine[], limit: number): RankedLine[] {
  if (byVectors.length === 0) return byWords.slice(0, limit);
  const fused = new Map<string, RankedLine>();
  for (const ranking of [byWords, byVectors])
    for (const [rank, line] of ranking.entries()) {
      const key = `${line.document} ${line.place}`;
      const score = (fused.get(key)?.score ?? 0) + 1 / (rankOffset + rank + 1);
      fused.set(key, { ...(fused.get(key) ?? line), score });
    }
  return [...fused.values()].sort((a, b) => b.score - a.score).slice(0, limit);
}

/** Only of the model that the lines have vectors of. */
async function vectorOf(memory: Memory, embedder: Embedder, query: string): Promise<Float32Array | undefined> {
  const [state] = await memory.kernel.database.query<{ dimensions: number | null }>(
    "select dimensions from memory.embedding_state where model = $1",
    [embedder.id],
  );
  if (state?.dimensions == null || query.trim() === "") return undefined;
  const [vector] =
    (await embedNow(memory, [query], { msMax: queryMsMax, otherwise: "recall goes by words alone" })) ?? [];
  return vector?.length === state.dimensions ? vector : undefined;
}
