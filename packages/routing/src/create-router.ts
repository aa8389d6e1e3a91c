/** Finds what a text is meant for: by a mention, else by words, and by vectors where there are any. Decides only what is clear. */
import { RoostError } from "@roost/base";
import { giveWay } from "./give-way.ts";
import { learnClasses, type Sample } from "./learn-classes.ts";
import { learnVectors, type VectorClasses, type WeighedVector } from "./learn-vectors.ts";
import { targetLimits, type RouteTarget } from "./route-target.ts";
import { learnFeatures } from "./learn-features.ts";
import type { WordVectors } from "./word-vectors.ts";
import { wordsOf } from "./words-of.ts";

export interface RouteCandidate {
  targetId: string;
  /** 0 to 1, among all targets. */
  probability: number;
}

/** `likeness`: of the words to those of the first target's likest text, 0 to 1; of a target that is named 1. */
export type Route =
  /** `why`: "it names clerk", "it is like: is the rent paid". */
  | { state: "decided"; targetId: string; why: string; near: RouteCandidate[]; likeness: number }
  /** Several fit, or one a little: the caller asks. */
  | { state: "unsure"; near: RouteCandidate[]; likeness: number }
  /** Nothing of it was heard of: it is meant for none of them. */
  | { state: "none" };

export interface Router {
  /** `vector`: of the text, by the model that those of the targets are of; without it words alone decide. */
  route(text: string, vector?: Float32Array): Route;
  /** Whether a vector of the text says more: there are vectors of the targets, and it names none of them. */
  wantsVector(text: string): boolean;
  /**
   * The same, which goes by vectors too. They are of `textsOf` each target, one after another.
   *
   * @throws RoostError `invalid_input` when they are not as many, or not of one length; the signal's reason
   */
  withVectors(vectors: readonly Float32Array[], options?: RouterOptions): Promise<Router>;
}

export interface RouterOptions {
  signal?: AbortSignal | undefined;
}

export interface CreateRouterOptions extends RouterOptions {
  /** So that words are known that no target has. */
  words?: WordVectors | undefined;
}

/**
 * How far the first must be above the second, in probability, times the share of the text's words that any target has: measured, decision 060. A text
 * below it is unsure.
 */
const clearnessMin = 0.09;
/** With few targets a small difference is a large one: the first must also be so many times as likely. */
const ratioMin = 1.8;
/** Below this share of words that any target has, a text is about something else. */
const familiarityMin = 0.3;
/** With vectors: below this nearness to any text of a target. */
const nearnessMin = 0.3;
/** Of the words in what both decide. */
const wordsShare = 0.3;
const nearMax = 5;
/** Others get their turn after so many are taken apart. */
const textsPerTurn = 20;

/**
 * Learns the targets. It takes seconds of processor time for hundreds of targets (docs/benchmarks.md), in pieces of a few milliseconds; counting which features there are is one of some tens.
 *
 * @throws RoostError `limit_exceeded` for too many targets; the signal's reason
 */
export async function createRouter(
  targets: readonly RouteTarget[],
  { signal, words }: CreateRouterOptions = {},
): Promise<Router> {
  if (targets.length > targetLimits.targetsMax)
    throw new RoostError(
      "limit_exceeded",
      `there are ${targets.length} targets, and ${targetLimits.targetsMax} can be told apart: take some off`,
    );
  const texts = targets.flatMap((target, classIndex) => textsOf(target).map((text) => ({ text, classIndex })));
  const features = learnFeatures(
    texts.map(({ text }) => text),
    words,
  );
  const samples: (Sample & { text: string })[] = [];
  for (const { text, classIndex } of texts) {
    samples.push({ vector: features.vectorOf(text), classIndex, text });
    if (samples.length % textsPerTurn === 0) await giveWay(signal);
  }
  const classCount = targets.length;
  const classes = await learnClasses(samples, { classCount, featureCount: features.size, signal });
  const mentions = new Map(targets.map(({ id, name }) => [wordsOf(name).join(" "), id]));
  return toRouter(undefined);

  function toRouter(meanings: VectorClasses | undefined): Router {
    return {
      wantsVector: (text) => meanings !== undefined && findMention(cut(text), mentions) === undefined,
      route: (text, vector) => route(cut(text), vector && meanings?.weigh(vector)),
      async withVectors(vectors, options = {}) {
        if (vectors.length !== texts.length)
          throw new RoostError("invalid_input", `there are ${vectors.length} vectors of ${texts.length} texts`);
        const given = vectors.map((vector, index) => ({ vector, classIndex: texts[index]!.classIndex }));
        return toRouter(await learnVectors(given, { classCount, signal: options.signal }));
      },
    };
  }

  function route(text: string, meaning: WeighedVector | undefined): Route {
    const named = findMention(text, mentions);
    if (named !== undefined) return { state: "decided", ...named, near: [], likeness: 1 };
    const known = meaning?.nearness ?? features.familiarity(text);
    if (targets.length === 0 || known < (meaning === undefined ? familiarityMin : nearnessMin))
      return { state: "none" };
    const byWords = classes.probabilitiesOf(features.vectorOf(text));
    const probabilities = meaning === undefined ? byWords : joined(byWords, meaning.probabilities);
    const near = likeliest(probabilities).map(([index, probability]) => ({
      targetId: targets[index]!.id,
      probability,
    }));
    const [first, second] = near;
    if (first === undefined) return { state: "none" };
    const nearest = likest(first.targetId, text);
    const likeness = features.likeness(nearest, text);
    if (!isClear(first.probability, second?.probability ?? 0, known)) return { state: "unsure", near, likeness };
    return { state: "decided", targetId: first.targetId, why: `it is like: ${nearest}`, near, likeness };
  }

  /** The text of the target that has most of the same words. */
  function likest(targetId: string, text: string): string {
    const words = new Set(wordsOf(text));
    const index = targets.findIndex(({ id }) => id === targetId);
    const [best = ""] = samples
      .filter(({ classIndex }) => classIndex === index)
      .map((sample) => sample.text)
      .toSorted((left, right) => sharedCount(right, words) - sharedCount(left, words));
    return best;
  }
}

function cut(text: string): string {
  return text.slice(0, targetLimits.textCharsMax);
}

function likeliest(probabilities: Float32Array): [index: number, probability: number][] {
  return [...probabilities.entries()].toSorted(([, left], [, right]) => right - left).slice(0, nearMax);
}

/** Both are right or wrong for reasons of their own: the product, as of independent witnesses, softened. */
function joined(byWords: Float32Array, byMeaning: Float32Array): Float32Array {
  const both = byWords.map((probability, index) => probability ** wordsShare * byMeaning[index]! ** (1 - wordsShare));
  const sum = both.reduce((all, each) => all + each, 0) || 1;
  return both.map((each) => each / sum);
}

function isClear(first: number, second: number, familiarity: number): boolean {
  return (first - second) * familiarity >= clearnessMin && first >= ratioMin * second;
}

function sharedCount(text: string, words: ReadonlySet<string>): number {
  return wordsOf(text).filter((word) => words.has(word)).length;
}

/** What is learned of a target. */
export function textsOf({ name, description, examples }: RouteTarget): string[] {
  return [name, description, ...examples.slice(0, targetLimits.examplesMax)]
    .map(cut)
    .filter((text) => text.trim() !== "");
}

/** `@clerk …`, `clerk: …`, `ask clerk …`, `clerk, …`: where the name stands at the beginning, or behind an @ anywhere. */
function findMention(text: string, names: ReadonlyMap<string, string>): { targetId: string; why: string } | undefined {
  const marked = [...text.matchAll(/(?:^|\s)@([\p{L}\p{N}][\p{L}\p{N}._-]*)/gu)].map(([, name]) => name!);
  const called = /^\s*(?:(?:ask|tell|let|call|use)\s+(?:the\s+)?)?([\p{L}\p{N}][\p{L}\p{N}._-]*)\s*[:,]/iu.exec(
    text,
  )?.[1];
  const asked = /^\s*(?:ask|tell|let)\s+(?:the\s+)?([\p{L}\p{N}][\p{L}\p{N}._-]*)\b/iu.exec(text)?.[1];
  for (const name of [...marked, called, asked]) {
    const targetId = name === undefined ? undefined : names.get(wordsOf(name).join(" "));
    if (targetId !== undefined) return { targetId, why: `it names ${name}` };
  }
  return undefined;
}
