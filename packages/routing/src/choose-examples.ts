/**
 * Chooses the texts that stand best for all others: greedy facility location (Nemhauser et al. 1978), each next one makes all texts most alike to the
 * nearest that was chosen. For callers with many examples and a small limit.
 */
import { learnFeatures, type SparseVector } from "./learn-features.ts";

export function chooseExamples(texts: readonly string[], count: number): string[] {
  const features = learnFeatures(texts);
  const vectors = texts.map((text) => features.vectorOf(text));
  const alike = vectors.map((one) => vectors.map((other) => similarity(one, other)));
  const nearest = texts.map(() => 0);
  const chosen = new Set<number>();
  while (chosen.size < Math.min(count, texts.length)) {
    const gains = alike.map((row, index) =>
      chosen.has(index) ? -1 : row.reduce((sum, value, each) => sum + Math.max(0, value - nearest[each]!), 0),
    );
    const best = gains.indexOf(Math.max(...gains));
    chosen.add(best);
    for (const [each, value] of alike[best]!.entries()) nearest[each] = Math.max(nearest[each]!, value);
  }
  return [...chosen].map((index) => texts[index]!);
}

/** The dot product of two sparse vectors. */
function similarity(left: SparseVector, right: SparseVector): number {
  let sum = 0;
  for (let at = 0, other = 0; at < left.indexes.length && other < right.indexes.length;) {
    const difference = left.indexes[at]! - right.indexes[other]!;
    if (difference === 0) sum += left.weights[at]! * right.weights[other]!;
    if (difference <= 0) at += 1;
    if (difference >= 0) other += 1;
  }
  return sum;
}
