/**
 * Ranks lines by the words that they and their neighbours have: BM25 over a line with a fading window of two lines on each side. Lines are short and
 * of limited length, so that their length tells nothing. Pure. Measured by `npm run bench -- recall FILE`.
 */

/** A line that has words of the query. */
export interface Candidate {
  document: number;
  place: number;
  /** Minutes since 1970. */
  atMinute: number;
  /** Bit n: it has term n. */
  mask: number;
}

export interface RankedLine {
  document: number;
  place: number;
  score: number;
  /** Of a line that has the words itself, or of the nearest that has: lines of another time are no neighbours. */
  atMinute: number;
}

/** A word's frequency above which further mentions count little. */
const saturation = 1.2;
/** What a word in a line counts for its neighbours, by their distance. */
const fading = [1, 0.5, 0.25] as const;
const reach = fading.length - 1;
const documentPlaces = 2 ** 31;
const neighbourMinutesMax = 6 * 60;
/** What is new counts up to this much more, halved with each half-life. */
const recencyShare = 0.25;
const recencyHalfLifeMinutes = 30 * 24 * 60;

export const termsMax = 24;

/** What a term tells: rare ones more. `fit`: 1, or less for a word that is only similar to the one asked for. */
export function weightOfTerm({ lineCount, allCount, fit }: { lineCount: number; allCount: number; fit: number }) {
  return fit * Math.log(1 + Math.max(0, allCount - lineCount + 0.5) / (lineCount + 0.5));
}

/** Best first. `weights`: by bit of the mask. Candidates may come in any order. */
export function rankLines(
  candidates: readonly Candidate[],
  { weights, nowMinute, limit }: { weights: readonly number[]; nowMinute: number; limit: number },
): RankedLine[] {
  const near = candidates.toSorted((a, b) => a.document - b.document || a.place - b.place);
  const keys = placesAround(near);
  const scores = new Float64Array(keys.length);
  const minutes = new Float64Array(keys.length);
  const counts = new Float64Array(weights.length);
  // Numbers in typed arrays: tens of thousands of objects would cost more than the ranking.
  let first = 0;
  for (const [index, key] of keys.entries()) {
    while (keyOf(near[first]!) < key - reach) first += 1;
    const nearest = nearestOf(near, first, key);
    const { atMinute } = nearest;
    counts.fill(0);
    for (let at = first; at < near.length; at += 1) {
      const line = near[at]!;
      const distance = Math.abs(keyOf(line) - key);
      if (keyOf(line) - key > reach) break;
      if (Math.abs(line.atMinute - atMinute) > neighbourMinutesMax) continue;
      for (let bits = line.mask; bits !== 0; bits &= bits - 1)
        counts[31 - Math.clz32(bits & -bits)]! += fading[distance]!;
    }
    let score = 0;
    for (let term = 0; term < counts.length; term += 1) {
      const count = counts[term]!;
      if (count > 0) score += (weights[term]! * count * (saturation + 1)) / (count + saturation);
    }
    const age = nowMinute - atMinute;
    scores[index] = score * recencyOf(age);
    minutes[index] = atMinute;
  }
  const least = scores.toSorted().at(-Math.min(limit, scores.length)) ?? 0;
  const best: RankedLine[] = [];
  for (const [index, key] of keys.entries())
    if (scores[index]! >= least) best.push({ ...placeOf(key), score: scores[index]!, atMinute: minutes[index]! });
  best.sort((a, b) => b.score - a.score || b.atMinute - a.atMinute || a.document - b.document || a.place - b.place);
  return best.slice(0, limit);
}

/** The places of the lines and of their neighbours, each once, ascending. */
function placesAround(lines: readonly Candidate[]): Float64Array {
  const all = new Float64Array(lines.length * (2 * reach + 1));
  let count = 0;
  for (const line of lines)
    for (let offset = -reach; offset <= reach; offset += 1)
      if (line.place + offset >= 0) all[count++] = keyOf(line) + offset;
  const sorted = all.subarray(0, count).sort();
  let kept = 0;
  for (let index = 0; index < count; index += 1)
    if (index === 0 || sorted[index] !== sorted[index - 1]) sorted[kept++] = sorted[index]!;
  return sorted.subarray(0, kept);
}

function nearestOf(lines: readonly Candidate[], first: number, key: number): Candidate {
  let nearest = lines[first]!;
  for (let at = first + 1; at < lines.length && keyOf(lines[at]!) - key <= reach; at += 1)
    if (Math.abs(keyOf(lines[at]!) - key) < Math.abs(keyOf(nearest) - key)) nearest = lines[at]!;
  return nearest;
}

/** What a line of this age counts for. */
export function recencyOf(ageMinutes: number): number {
  return 1 + recencyShare * 2 ** (-Math.max(0, ageMinutes) / recencyHalfLifeMinutes);
}

/** Whether a line at this moment belongs to the time for which it was ranked. */
export function isOfTime({ atMinute }: RankedLine, minute: number): boolean {
  return Math.abs(atMinute - minute) <= neighbourMinutesMax;
}

/** Places of a document are next to each other, those of two documents far apart. */
function keyOf({ document, place }: Pick<Candidate, "document" | "place">): number {
  return document * documentPlaces + place;
}

function placeOf(key: number): Pick<RankedLine, "document" | "place"> {
  return { document: Math.floor(key / documentPlaces), place: key % documentPlaces };
}
