/**
 * Learns what texts can be meant for, anew when that changes: by words at once, and by vectors as soon as the home's embedding model, where it has one, has
 * made them. Vectors are kept while this process lives, so that a change asks for those of its own texts alone.
 */
import { createHash } from "node:crypto";
import { toRoostError } from "@roost/base";
import { embedNow, type Memory } from "@roost/memory";
import {
  createRouter,
  readWordVectors,
  textsOf,
  type Route,
  type Router,
  type RouteTarget,
  type WordVectors,
} from "@roost/routing";

/** Asked for at once. */
const textsMax = 64;
const batchMsMax = 60_000;
/** Somebody waits: later, words alone decide. */
const textMsDefault = 1_000;
/** After a failure, or when the tokens of the day are spent. */
const againMs = 5 * 60_000;
const otherwise = "routing goes by words alone";

export interface Learner {
  /** Texts that arrive while words are learned wait for it: some seconds for hundreds of targets. */
  route(text: string, targets: readonly RouteTarget[]): Promise<Route>;
  /** Ends when vectors are learned, or cannot be had for now. */
  settled(): Promise<void>;
}

interface Learned {
  /** The very list that was learned, and its hash: equal ones are not learned again. */
  targets: readonly RouteTarget[];
  hash: string;
  router: Promise<Router>;
  /** Undefined: there is no model for them. */
  vectors: Promise<void> | undefined;
  /** When they are asked for again. */
  againAtMs: number;
}

export function createLearner(memory: Memory, { textMsMax = textMsDefault }: { textMsMax?: number } = {}): Learner {
  const { kernel, embedder, logger } = memory;
  const known = new Map<string, Float32Array>();
  let learned: Learned | undefined;
  // Read when there is something to learn, and kept: changes have it learned anew.
  let words: Promise<WordVectors> | undefined;
  const readWords = async () => {
    words ??= readWordVectors();
    return await words.catch((error: unknown) => {
      words = undefined;
      logger.warn("The vectors of words could not be read: routing goes without them", { error });
      return undefined;
    });
  };
  const learn = async (targets: readonly RouteTarget[]) => createRouter(targets, { words: await readWords() });

  return {
    async route(text, targets) {
      const router = await routerOf(targets);
      if (!router.wantsVector(text)) return router.route(text);
      const [vector] = (await embedNow(memory, [text], { msMax: textMsMax, otherwise })) ?? [];
      return router.route(text, vector);
    },
    settled: async () => learned?.vectors,
  };

  function routerOf(targets: readonly RouteTarget[]): Promise<Router> {
    const current = currentOf(targets);
    const nowMs = kernel.clock.nowMs();
    if (embedder !== undefined && nowMs >= current.againAtMs) {
      current.againAtMs = Infinity;
      current.vectors = learnMeanings(current, targets)
        .catch((error: unknown) => {
          logger.warn(otherwise, { error: toRoostError(error).message });
          return false;
        })
        .then((isLearned) => {
          if (!isLearned) current.againAtMs = kernel.clock.nowMs() + againMs;
        });
    }
    return current.router;
  }

  function currentOf(targets: readonly RouteTarget[]): Learned {
    if (learned?.targets === targets) return learned;
    const hash = createHash("sha256").update(JSON.stringify(targets)).digest("hex");
    if (learned?.hash !== hash) learned = { targets, hash, router: learn(targets), vectors: undefined, againAtMs: 0 };
    learned.targets = targets;
    return learned;
  }

  /** False: not now. */
  async function learnMeanings(current: Learned, targets: readonly RouteTarget[]): Promise<boolean> {
    const texts = targets.flatMap(textsOf);
    if (!(await makeVectors(texts))) return false;
    const router = await (await current.router).withVectors(texts.map((text) => known.get(text)!));
    if (learned === current) current.router = Promise.resolve(router);
    return true;
  }

  /** False: not all can be had now. */
  async function makeVectors(texts: readonly string[]): Promise<boolean> {
    const wanted = new Set(texts);
    for (const text of known.keys()) if (!wanted.has(text)) known.delete(text);
    const missing = [...wanted].filter((text) => !known.has(text));
    for (let at = 0; at < missing.length; at += textsMax) {
      const batch = missing.slice(at, at + textsMax);
      const vectors = await embedNow(memory, batch, { msMax: batchMsMax, otherwise });
      if (vectors === undefined) return false;
      for (const [index, text] of batch.entries()) known.set(text, vectors[index]!);
    }
    return true;
  }
}
