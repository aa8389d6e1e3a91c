/**
 * After a correction: lines of files that say what does not hold in words that share none with it, by their vectors. Likeness is not identity: few lines are taken, the
 * likest, that are far more alike to what does not hold than lines are to each other, and less to what holds instead.
 */
import { productOf } from "@roost/base";
import type { Memory } from "../memory.ts";
import { askedOf, readNearest } from "./find-near.ts";

/** Seen from the centre, where lines of different things have a likeness of about none. */
const likenessMin = 0.45;
/** What holds instead is said in much the same words: a line that says it is nearer to it. */
const nearerMin = 0.05;
/** Of one correction. */
const alikeMax = 5;

/** A piece of a file, as the index has it: pieces of a long line begin at the same place. */
export interface AlikePiece {
  path: string;
  /** Of its first line. */
  from: string;
  text: string;
}

/** Nothing where the home has no vectors, too few to see them from their middle, or none can be had now. */
export async function findAlike(memory: Memory, said: string, instead: string | null): Promise<AlikePiece[]> {
  const { embedder, kernel } = memory;
  if (embedder === undefined) return [];
  const texts = instead === null ? [said] : [said, instead];
  const asked = await askedOf(memory, embedder, texts, "lines that say in other words what was corrected go by words");
  // As they are, all texts of most models are alike.
  if (asked?.space.centre === undefined) return [];
  const [wrong, right] = asked.directions;
  const near = await readNearest(memory, embedder, {
    direction: wrong!,
    space: asked.space,
    find: { labelSets: undefined, kinds: ["file"] },
  });
  const alike = near
    .map((line) => ({ ...line, likeness: productOf(wrong!, line.direction) }))
    .filter(({ likeness, direction }) => {
      if (likeness < likenessMin) return false;
      return right === undefined || likeness - productOf(right, direction) >= nearerMin;
    })
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, alikeMax);
  return kernel.database.query<AlikePiece>(
    `select d.ref as path, l.ref as "from", l.text from unnest($1::integer[], $2::integer[]) as near(document, place)
     join memory.recall_line l on l.document = near.document and l.place = near.place
     join memory.recall_document d on d.id = l.document`,
    [alike.map(({ document }) => document), alike.map(({ place }) => place)],
  );
}
