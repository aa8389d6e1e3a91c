/**
 * The same classes by the vectors that a model of embeddings makes of texts. Such models place all texts in one corner of their space: what all targets share
 * is taken off, so that directions tell targets apart (Mu and Viswanath 2018), whatever the model's own scale is.
 */
import { centreOf, directionOf, productOf, RoostError } from "@roost/base";
import { learnClasses, type LearnClassesOptions } from "./learn-classes.ts";
import type { SparseVector } from "./learn-features.ts";

export interface WeighedVector {
  /** Of all classes, by index. */
  probabilities: Float32Array;
  /** To the nearest that was learned: 0 to 1. */
  nearness: number;
}

export interface VectorClasses {
  /** Undefined: the vector is of another model. */
  weigh(vector: Float32Array): WeighedVector | undefined;
}

export interface VectorSample {
  vector: Float32Array;
  classIndex: number;
}

/** @throws RoostError `invalid_input` when they are of several lengths; the signal's reason */
export async function learnVectors(
  given: readonly VectorSample[],
  options: Omit<LearnClassesOptions, "featureCount">,
): Promise<VectorClasses | undefined> {
  const dimensions = given[0]?.vector.length ?? 0;
  if (dimensions === 0) return undefined;
  if (given.some(({ vector }) => vector.length !== dimensions))
    throw new RoostError("invalid_input", "the vectors of the targets are of several lengths: have them made anew");
  const centre = centreOf(given.map(({ vector }) => vector));
  const indexes = Int32Array.from({ length: dimensions }, (_, index) => index);
  const toSample = (vector: Float32Array): SparseVector => ({ indexes, weights: directionOf(vector, centre) });
  const samples = given.map(({ vector, classIndex }) => ({ vector: toSample(vector), classIndex }));
  const classes = await learnClasses(samples, { ...options, featureCount: dimensions });
  return {
    weigh(vector) {
      if (vector.length !== dimensions) return undefined;
      const sample = toSample(vector);
      const nearness = samples.reduce(
        (best, known) => Math.max(best, productOf(known.vector.weights, sample.weights)),
        0,
      );
      return { probabilities: classes.probabilitiesOf(sample), nearness };
    },
  };
}
