/**
 * What vectors are compared by: the model, the form of what it is given, and the centre of all texts. Models place all texts in one corner of their
 * space; seen from the middle of what the home has, directions tell texts apart (Mu and Viswanath 2018).
 */
import type { Embedder } from "@roost/agent";
import { centreOf, directionOf, productOf, RoostError } from "@roost/base";
import type { Sql, Transaction } from "@roost/database";
import type { Memory } from "../memory.ts";
import { lockIndex } from "./index-document.ts";
import { bytesVector, codeOf, vectorBytes } from "./vector-bytes.ts";

/** Of a line `l`: what its vector is made of. Another form needs another name in `modelOf`. */
export const embeddedSql = "concat_ws(': ', l.said_by, l.text)";

/** Vectors of another name are not compared with these, and are made anew. */
export function modelOf({ id }: Embedder): string {
  return `${id} who: text`;
}

export interface VectorSpace {
  /** Null: none is known yet. */
  dimensions: number | null;
  centre: Float32Array | undefined;
  /** Changes whenever the centre does. */
  centreOf: number;
}

/** Fewer texts have no middle: it would be one of them. */
const textsMin = 64;
/** The middle of these, picked evenly by their hashes, is that of all. */
const sampleMax = 4_000;
/** A centre that moved by less than this share of how far texts lie from it stays: the codes tell as much as before. */
const movedShareMin = 0.2;
const pageMax = 2_000;

/** Undefined: the home's model is another. `isLocked`: others do not change it until the transaction ends. */
export async function readSpace(
  sql: Sql,
  embedder: Embedder,
  { isLocked = false } = {},
): Promise<VectorSpace | undefined> {
  const [row] = await sql.query<{ dimensions: number | null; centre: Buffer | null; centreOf: number }>(
    `select dimensions, centre, centre_of as "centreOf" from memory.embedding_state where model = $1 ${isLocked ? "for update" : ""}`,
    [modelOf(embedder)],
  );
  if (row === undefined) return undefined;
  return { ...row, centre: row.centre === null ? undefined : new Float32Array(new Uint8Array(row.centre).buffer) };
}

/** Vectors of a model that is not the home's any more are not kept. */
export async function keepVectors(
  { kernel }: Memory,
  embedder: Embedder,
  { keys, vectors }: { keys: readonly string[]; vectors: readonly Float32Array[] },
): Promise<void> {
  const given = vectors[0]!.length;
  await kernel.transact(async (tx) => {
    const space = await readSpace(tx, embedder, { isLocked: true });
    if (space === undefined)
      throw new RoostError(
        "unavailable",
        `the embedding model ${embedder.id} was replaced by another while it answered`,
      );
    const { dimensions, centre } = space;
    if (dimensions === null) await tx.query("update memory.embedding_state set dimensions = $1", [given]);
    else if (dimensions !== given)
      throw new RoostError(
        "unavailable",
        `the embedding model gives ${given} numbers and gave ${dimensions}: name its dimensions in roost.yaml`,
      );
    const bytes = vectors.map(vectorBytes);
    await tx.query(
      `insert into memory.embedding (key, code, vector) select key, code::bit varying, vector
       from unnest($1::uuid[], $2::text[], $3::bytea[]) as made(key, code, vector) on conflict do nothing`,
      [keys, bytes.map((each) => seenFrom(each, centre)), bytes],
      { name: "memory_embedding_keep" },
    );
  });
}

/** Looks for the centre anew whenever there are twice as many texts, and makes the codes anew where it has moved far. */
export async function moveCentre({ kernel }: Memory, embedder: Embedder): Promise<void> {
  await kernel.transact(async (tx) => {
    const [row] = await tx.query<{ count: number; centreOf: number }>(
      `select (select count(*) from memory.embedding) as count, centre_of as "centreOf" from memory.embedding_state`,
    );
    if (row === undefined || !isOutgrown(row.centreOf, row.count)) return;
    // Codes of lines are written below, in any order: whoever drops lines at the same time holds the index. Then it is for the next time.
    if (!(await lockIndex(tx))) return;
    const space = await readSpace(tx, embedder, { isLocked: true });
    if (space === undefined || !isOutgrown(space.centreOf, row.count)) return;
    const sample = await tx.query<{ vector: Buffer }>(
      `select vector from memory.embedding order by key limit ${sampleMax}`,
    );
    const centre = centreOf(sample.map(({ vector }) => bytesVector(vector)));
    const isFar = hasMovedFar(space.centre, centre);
    if (isFar) await writeCodes(tx, centre);
    await tx.query("update memory.embedding_state set centre_of = $1, centre = case when $2 then $3 else centre end", [
      row.count,
      isFar,
      Buffer.from(centre.buffer),
    ]);
  });
}

function isOutgrown(centreOf: number, count: number): boolean {
  return count >= Math.max(textsMin, 2 * centreOf);
}

function hasMovedFar(before: Float32Array | undefined, centre: Float32Array): boolean {
  const way = centre.map((value, index) => value - (before?.[index] ?? 0));
  const spread = 1 - productOf(centre, centre);
  return productOf(way, way) > movedShareMin ** 2 * spread;
}

async function writeCodes(tx: Transaction, centre: Float32Array): Promise<void> {
  for (let after: string | null = null; ;) {
    const rows: { key: string; vector: Buffer }[] = await tx.query<{ key: string; vector: Buffer }>(
      `select key, vector from memory.embedding where $1::uuid is null or key > $1 order by key limit ${pageMax}`,
      [after],
    );
    if (rows.length === 0) break;
    await tx.query(
      `update memory.embedding e set code = made.code::bit varying from unnest($1::uuid[], $2::text[]) as made(key, code) where e.key = made.key`,
      [rows.map(({ key }) => key), rows.map(({ vector }) => seenFrom(vector, centre))],
    );
    after = rows.at(-1)!.key;
  }
  await tx.query("update memory.recall_vector v set code = e.code from memory.embedding e where e.key = v.key");
}

/** Of what is stored, so that a code is the same whenever it is made. */
function seenFrom(bytes: Uint8Array, centre: Float32Array | undefined): string {
  return codeOf(directionOf(bytesVector(bytes), centre));
}
