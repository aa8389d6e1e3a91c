/**
 * Multinomial logistic regression over sparse vectors, by stochastic gradient descent. Few epochs keep it from learning the examples by heart: the
 * probabilities stay soft, and their distances say how clear a text is. Of many classes a feature has weights for those alone that have it in some sample, which
 * takes a hundredth of the room and of the work, and costs a point of what is decided (decision 124). The order of the samples is drawn from a fixed seed: the same samples learn the same weights.
 */
import { createDraw } from "@roost/base";
import { giveWay } from "./give-way.ts";
import type { SparseVector } from "./learn-features.ts";

export interface Sample {
  vector: SparseVector;
  classIndex: number;
}

export interface Classes {
  /** Probabilities of all classes, by index. */
  probabilitiesOf(vector: SparseVector): Float32Array;
}

export interface LearnClassesOptions {
  featureCount: number;
  classCount: number;
  signal?: AbortSignal | undefined;
}

const epochs = 15;
/** Of a sample; it falls to a tenth by the end. */
const stepFirst = 2;
/** A class that is less wrong of a sample learns nothing of what all classes have: most of hundreds are not meant at all. */
const errorMin = 0.001;
/** So many weights each feature has for all classes: 16 MiB. */
const weightsMax = 4 * 1024 ** 2;
/** Others get their turn after so many samples. */
const samplesPerTurn = 20;

/** @throws the signal's reason */
export async function learnClasses(
  samples: readonly Sample[],
  { featureCount, classCount, signal }: LearnClassesOptions,
): Promise<Classes> {
  const rows = rowsOf(samples, { featureCount, classCount });
  const weights = new Float32Array(rows.classes.length);
  const order = samples.map((_, index) => index);
  const draw = createDraw(1);
  let learned = 0;
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    const rate = stepFirst * 0.1 ** (epoch / epochs);
    shuffle(order, draw);
    for (const index of order) {
      learnSample(samples[index]!, rate);
      learned += 1;
      if (learned % samplesPerTurn !== 0) continue;
      await giveWay(signal);
    }
  }
  return { probabilitiesOf };

  function learnSample({ vector, classIndex }: Sample, rate: number): void {
    const errors = probabilitiesOf(vector);
    errors[classIndex]! -= 1;
    const wrong = errors
      .keys()
      .filter((each) => Math.abs(errors[each]!) >= errorMin)
      .toArray();
    for (const [place, feature] of vector.indexes.entries()) {
      const step = rate * vector.weights[place]!;
      const [start, end] = [rows.starts[feature]!, rows.starts[feature + 1]!];
      if (end - start === classCount) for (const each of wrong) weights[start + each]! -= step * errors[each]!;
      else for (let at = start; at < end; at += 1) weights[at]! -= step * errors[rows.classes[at]!]!;
    }
  }

  function probabilitiesOf({ indexes, weights: given }: SparseVector): Float32Array {
    const scores = new Float32Array(classCount);
    for (const [place, feature] of indexes.entries()) {
      const weight = given[place]!;
      const [start, end] = [rows.starts[feature]!, rows.starts[feature + 1]!];
      // All classes have it, in their order: without a look at which.
      if (end - start === classCount)
        for (let each = 0; each < classCount; each += 1) scores[each]! += weight * weights[start + each]!;
      else for (let at = start; at < end; at += 1) scores[rows.classes[at]!]! += weight * weights[at]!;
    }
    const highest = scores.reduce((left, right) => Math.max(left, right), -Infinity);
    let sum = 0;
    for (let each = 0; each < classCount; each += 1) sum += scores[each] = Math.exp(scores[each]! - highest);
    for (let each = 0; each < classCount; each += 1) scores[each]! /= sum;
    return scores;
  }
}

/** The classes that have a feature: those from `starts[feature]` to `starts[feature + 1]`. */
interface Rows {
  starts: Int32Array;
  classes: Int32Array;
}

function rowsOf(samples: readonly Sample[], { featureCount, classCount }: LearnClassesOptions): Rows {
  const isSmall = featureCount * classCount <= weightsMax;
  const byClass = [...samples].sort((left, right) => left.classIndex - right.classIndex);
  const starts = new Int32Array(featureCount + 1);
  eachPair((feature) => (starts[feature + 1]! += 1));
  for (let feature = 0; feature < featureCount; feature += 1) starts[feature + 1]! += starts[feature]!;
  const classes = new Int32Array(starts[featureCount]!);
  const next = starts.slice();
  eachPair((feature, classIndex) => (classes[next[feature]!++] = classIndex));
  return { starts, classes };

  /** Each feature with each class that has weights of it, once. */
  function eachPair(visit: (feature: number, classIndex: number) => void): void {
    if (isSmall) {
      for (let feature = 0; feature < featureCount; feature += 1)
        for (let classIndex = 0; classIndex < classCount; classIndex += 1) visit(feature, classIndex);
      return;
    }
    const last = new Int32Array(featureCount).fill(-1);
    for (const { vector, classIndex } of byClass)
      for (const feature of vector.indexes) {
        if (last[feature] === classIndex) continue;
        last[feature] = classIndex;
        visit(feature, classIndex);
      }
  }
}

function shuffle(order: number[], draw: () => number): void {
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(draw() * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
}
