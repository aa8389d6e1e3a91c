/** Directions of vectors. Pure. */

/** Of length one, seen from a centre. */
export function directionOf(vector: Readonly<ArrayLike<number>>, centre?: Float32Array): Float32Array {
  const from = Float32Array.from(vector);
  scale(from);
  if (centre === undefined) return from;
  for (let each = 0; each < from.length; each += 1) from[each]! -= centre[each]!;
  return scale(from);
}

/** The mean of their directions. */
export function centreOf(vectors: readonly Readonly<ArrayLike<number>>[]): Float32Array {
  const centre = new Float32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) {
    const direction = directionOf(vector);
    for (let each = 0; each < centre.length; each += 1) centre[each]! += direction[each]! / vectors.length;
  }
  return centre;
}

/** Of two directions: the cosine of the angle between them. */
export function productOf(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let each = 0; each < left.length; each += 1) sum += left[each]! * right[each]!;
  return sum;
}

function scale(vector: Float32Array): Float32Array {
  const length = Math.sqrt(productOf(vector, vector)) || 1;
  for (let each = 0; each < vector.length; each += 1) vector[each]! /= length;
  return vector;
}
