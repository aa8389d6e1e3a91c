/** Finds lines that say what a query says in other words, by their vectors: the nearest codes of all lines, ranked by the numbers themselves. */
import type { Embedder } from "@roost/agent";
import { directionOf, productOf } from "@roost/base";
import type { Memory } from "../memory.ts";
import { embedNow } from "./embed-now.ts";
import type { FindLines } from "./find-lines.ts";
import { recencyOf, type RankedLine } from "./rank-lines.ts";
import { bytesVector, codeOf } from "./vector-bytes.ts";
import { modelOf, readSpace, type VectorSpace } from "./vector-space.ts";

/** A person or a model waits: later, words alone decide. */
const queryMsMax = 3_000;
/** Ranked by their numbers. */
const nearestMax = 400;
/** Of less likeness, two texts have nothing in common. */
const similarityMin = 0.2;
/** What a likeness of 1 counts where the best line by words counts 1, which none that vectors alone find reaches. Measured: 0.5 to 1 do as well. */
const likenessShare = 0.75;

/** Best first; nothing where there are no vectors, or none can be had now. */
export async function findNear(memory: Memory, embedder: Embedder, find: FindLines): Promise<RankedLine[]> {
  const asked = await askedOf(memory, embedder, [find.query]);
  if (asked === undefined) return [];
  const [direction] = asked.directions;
  const nowMinute = Math.floor(find.nowMs / 60_000);
  return (await readNearest(memory, embedder, { direction: direction!, space: asked.space, find }))
    .map(({ direction: ofLine, ...line }) => ({ ...line, similarity: productOf(direction!, ofLine) }))
    .filter(({ similarity }) => similarity >= similarityMin)
    .map(({ similarity, ...line }) => ({ ...line, score: similarity * recencyOf(nowMinute - line.atMinute) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, find.limit);
}

export interface NearLine {
  document: number;
  place: number;
  atMinute: number;
  /** Seen from the centre. */
  direction: Float32Array;
}

interface ReadNearest {
  direction: Float32Array;
  space: VectorSpace;
  find: Omit<FindLines, "query" | "nowMs" | "limit">;
}

/** Those with the nearest codes, in no order. */
export async function readNearest(
  { kernel }: Memory,
  embedder: Embedder,
  { direction, space, find }: ReadNearest,
): Promise<NearLine[]> {
  const rows = await kernel.database.query<Omit<NearLine, "direction"> & { vector: Buffer }>(
    `select near.document, near.place, floor(extract(epoch from near.at) / 60)::bigint as "atMinute", e.vector from (
       select v.document, v.place, v.at, v.key from memory.recall_vector v
       where ($2::integer[] is null or v.labels = any($2))
         and ($3::text[] is null and $4::text is null or v.document in (
           select id from memory.recall_document where ($3::text[] is null or kind = any($3)) and ($4::text is null or ref = $4)))
         and ($5::timestamptz is null or v.at >= $5) and ($6::timestamptz is null or v.at < $6)
         and exists (select 1 from memory.embedding_state s where s.model = $7 and s.dimensions = $8 and s.centre_of = $9)
       order by bit_count(v.code # $1::bit varying) limit ${nearestMax}) as near
     join memory.embedding e on e.key = near.key`,
    [
      codeOf(direction),
      find.labelSets ?? null,
      find.kinds ?? null,
      find.ref ?? null,
      find.since ?? null,
      find.until ?? null,
      // Another process may have moved the centre, or begun anew with another model, while this question was embedded: then words alone decide.
      modelOf(embedder),
      direction.length,
      space.centreOf,
    ],
    { name: "memory_recall_near" },
  );
  return rows.map(({ vector, ...line }) => ({ ...line, direction: directionOf(bytesVector(vector), space.centre) }));
}

/** Adds the likenesses to the scores by words: vectors put lines of these words in order, and add what the words missed. */
export function fuse(byWords: readonly RankedLine[], byVectors: readonly RankedLine[], limit: number): RankedLine[] {
  const fused = new Map<string, RankedLine>();
  const add = (line: RankedLine, share: number) => {
    const key = `${line.document} ${line.place}`;
    const known = fused.get(key);
    fused.set(key, { ...(known ?? line), score: (known?.score ?? 0) + share });
  };
  for (const line of byWords) add(line, line.score / byWords[0]!.score);
  for (const line of byVectors) add(line, line.score * likenessShare);
  return [...fused.values()].sort((a, b) => b.score - a.score).slice(0, limit);
}

/** Texts as they are compared with lines: of their model, and seen from their centre. Undefined: there are no vectors, or none can be had now. */
export async function askedOf(
  memory: Memory,
  embedder: Embedder,
  texts: readonly string[],
  otherwise = "recall goes by words alone",
): Promise<{ space: VectorSpace; directions: Float32Array[] } | undefined> {
  const space = await readSpace(memory.kernel.database, embedder);
  if (space?.dimensions == null || texts.some((text) => text.trim() === "")) return undefined;
  const vectors = await embedNow(memory, texts, { msMax: queryMsMax, otherwise });
  if (vectors === undefined || vectors.some(({ length }) => length !== space.dimensions)) return undefined;
  return { space, directions: vectors.map((vector) => directionOf(vector, space.centre)) };
}
