/**
 * How well questions find what they are meant for, on intents in the form of CLINC150 (Larson et al. 2019): descriptions and five examples each from the
 * training split, figures on the validation split, and queries that are meant for none. It reads a file that the person names. With a server of
 * embeddings the same by vectors too.
 */
import { readFile } from "node:fs/promises";
import { createDraw, RoostError } from "@roost/base";
import { chooseExamples, createRouter, readWordVectors, textsOf, type Router, type RouteTarget } from "@roost/routing";
import { z } from "zod";
import { formatMs, type Figure, type MeasureOptions } from "../measure.ts";
import { statistics } from "../statistics.ts";
import { intentDescriptions } from "./intent-descriptions.ts";

const aims = { topMin: 0.9, decidedMin: 0.8, caughtMin: 0.6, msMax: 20 } as const;
const examplesPerTarget = 5;
/** For the time of a decision. */
const targetsOfTime = 300;
const quickCount = 200;
const askedWithVectors = 500;
const drawsCount = 5;

const Pairs = z.array(z.tuple([z.string(), z.string()]));
const Intents = z.object({ train: Pairs, val: Pairs, oos_train: Pairs.default([]), oos_val: Pairs.default([]) });

/** @throws RoostError `invalid_input` when the file is missing or not in that form */
export async function measureRouting(
  path: string | undefined,
  { isQuick, embedder, onProgress }: MeasureOptions,
): Promise<Figure[]> {
  const { train, val, oos_train: oosTrain, oos_val: oosVal } = await readIntents(path);
  const byIntent = Map.groupBy(train, ([, intent]) => intent);
  const pick = (choose: (texts: string[]) => string[]) =>
    [...byIntent].map(([intent, pairs]) => toTarget(intent, choose(pairs.map(([text]) => text))));
  const chosen = pick((texts) => chooseExamples(texts, examplesPerTarget));
  const spread = pick((texts) => texts.filter((_, index) => index % Math.ceil(texts.length / examplesPerTarget) === 0));
  const asked = isQuick ? val.slice(0, quickCount) : val;
  const foreign = [...oosVal, ...oosTrain].map(([text]) => text);
  onProgress(`${asked.length} questions to ${chosen.length} targets`);
  const chosenHow = "examples that stand for the others";
  const spreadHow = "examples taken at even distances";
  const texts = { asked, foreign };
  const figures = [
    ...(await measureChoice(chosenHow, chosen, texts)),
    ...(await measureChoice(spreadHow, spread, texts)),
  ];
  const described = spread.map((target) => ({ ...target, description: intentDescriptions[target.id] ?? "" }));
  if (described.some(({ description }) => description !== "")) {
    onProgress("the same with descriptions");
    figures.push(...(await measureChoice(`${spreadHow}, and descriptions`, described, texts)));
  }
  onProgress("the same with examples picked in other ways");
  const picked = [{ how: "the first five", targets: pick((list) => list.slice(0, examplesPerTarget)) }];
  for (let seed = 1; seed <= (isQuick ? 1 : drawsCount); seed += 1) {
    const draw = createDraw(seed);
    // The first numbers of neighbouring seeds are alike.
    draw();
    picked.push({ how: `drawn by chance (${seed})`, targets: pick((list) => drawSome(list, draw)) });
  }
  figures.push(await measureOtherChoices(picked, texts));
  onProgress(`the time of a decision among ${targetsOfTime} targets`);
  figures.push(await measureTime(chosen, asked));
  if (embedder === undefined) return figures;
  onProgress(`the same with vectors of ${embedder.model}`);
  const vectors = createVectors(embedder);
  return [
    ...figures,
    ...(await measureChoice(chosenHow, chosen, { ...texts, vectors })),
    ...(await measureChoice(spreadHow, spread, { ...texts, vectors })),
    await measureTime(chosen, asked, vectors),
  ];
}

type Embedder = NonNullable<MeasureOptions["embedder"]>;

interface Vectors {
  model: string;
  /** Each text is asked for once. */
  of(texts: readonly string[]): Promise<Float32Array[]>;
  /** Of one text, asked for anew. */
  anew(text: string): Promise<Float32Array>;
}

const textsAtOnce = 64;
const embedMsMax = 60_000;

function createVectors({ model, embed }: Embedder): Vectors {
  const known = new Map<string, Float32Array>();
  const ask = async (texts: readonly string[]) =>
    (await embed(texts, { as: "question", signal: AbortSignal.timeout(embedMsMax) })).vectors;
  return {
    model,
    async of(texts) {
      const missing = [...new Set(texts)].filter((text) => !known.has(text));
      for (let at = 0; at < missing.length; at += textsAtOnce) {
        const batch = missing.slice(at, at + textsAtOnce);
        for (const [index, vector] of (await ask(batch)).entries()) known.set(batch[index]!, vector);
      }
      return texts.map((text) => known.get(text)!);
    },
    anew: async (text) => (await ask([text]))[0]!,
  };
}

async function readIntents(path: string | undefined): Promise<z.output<typeof Intents>> {
  if (path === undefined)
    throw new RoostError(
      "invalid_input",
      "routing needs a file: npm run bench -- routing data_full.json (CLINC150, github.com/clinc/oos-eval)",
    );
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new RoostError("invalid_input", `${path} cannot be read: ${cause.message}`, { cause });
  });
  const parsed = Intents.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  throw new RoostError("invalid_input", `${path} has no train and val lists of [text, intent]`);
}

function toTarget(intent: string, examples: string[]): RouteTarget {
  return { id: intent, name: intent.replaceAll("_", " "), description: "", examples };
}

async function openRouter(targets: readonly RouteTarget[], vectors?: Vectors): Promise<Router> {
  const byWords = await createRouter(targets, { words: await readWordVectors() });
  if (vectors === undefined) return byWords;
  return await byWords.withVectors(await vectors.of(targets.flatMap((one) => textsOf(one))));
}

interface Texts {
  asked: readonly [string, string][];
  foreign: readonly string[];
  vectors?: Vectors;
}

async function sharesOf(targets: readonly RouteTarget[], { asked, foreign, vectors }: Texts) {
  const router = await openRouter(targets, vectors);
  const routeAll = async (texts: readonly string[]) => {
    const given = await vectors?.of(texts);
    return texts.map((text, index) => router.route(text, given?.[index]));
  };
  const routed = await routeAll(asked.map(([text]) => text));
  const routes = asked.map(([, intent], index) => ({ intent, route: routed[index]! }));
  const decided = routes.flatMap(({ intent, route }) =>
    route.state === "decided" ? [{ isRight: route.targetId === intent }] : [],
  );
  return {
    decided: decided.length / routes.length,
    right: decided.filter(({ isRight }) => isRight).length / decided.length,
    caught: (await routeAll(foreign)).filter(({ state }) => state !== "decided").length / foreign.length,
  };
}

async function measureChoice(how: string, targets: readonly RouteTarget[], texts: Texts): Promise<Figure[]> {
  const { decided, right, caught } = await sharesOf(targets, texts);
  const by = texts.vectors === undefined ? "no model, no token" : `words and vectors of ${texts.vectors.model}`;
  const details = `${targets.length} targets, ${how}; ${by}`;
  return [
    {
      name: "routing: right of what it decides",
      value: percent(right),
      details,
      aim: "≥ 90 %",
      isMet: right >= aims.topMin,
    },
    { name: "routing: decided", value: percent(decided), details, aim: "≥ 80 %", isMet: decided >= aims.decidedMin },
    {
      name: "routing: meant for none, and caught",
      value: percent(caught),
      details,
      aim: "≥ 60 %",
      isMet: caught >= aims.caughtMin,
    },
  ];
}

/** How much hangs on which five examples a target has. */
async function measureOtherChoices(
  picked: readonly { how: string; targets: readonly RouteTarget[] }[],
  texts: Texts,
): Promise<Figure> {
  const found: (Awaited<ReturnType<typeof sharesOf>> & { how: string })[] = [];
  for (const { how, targets } of picked) found.push({ how, ...(await sharesOf(targets, texts)) });
  const range = (of: (one: (typeof found)[number]) => number) => {
    const all = found.map(of);
    return `${percent(Math.min(...all))} to ${percent(Math.max(...all))}`;
  };
  const each = found.map(({ how, right, decided }) => `${how}: ${percent(right)} of ${percent(decided)}`);
  return {
    name: "routing: right of what it decides, with examples picked in other ways",
    value: range(({ right }) => right),
    details: `decided ${range(({ decided }) => decided)}; meant for none, and caught ${range(({ caught }) => caught)}; ${each.join(", ")}`,
  };
}

function drawSome(texts: readonly string[], draw: () => number): string[] {
  const left = [...texts];
  return Array.from({ length: Math.min(examplesPerTarget, left.length) }, () =>
    left.splice(Math.floor(draw() * left.length), 1).join(),
  );
}

/** Each target twice, under another name, makes as many as are asked for. With vectors each question waits for its own. */
async function measureTime(
  targets: readonly RouteTarget[],
  asked: readonly [string, string][],
  vectors?: Vectors,
): Promise<Figure> {
  const many = Array.from({ length: targetsOfTime }, (_, index) => {
    const target = targets[index % targets.length]!;
    return { ...target, id: `${target.id}:${index}` };
  });
  const startedMs = performance.now();
  const router = await openRouter(many, vectors);
  const learnedMs = performance.now() - startedMs;
  const times: number[] = [];
  for (const [text] of asked.slice(0, vectors === undefined ? asked.length : askedWithVectors)) {
    const begunMs = performance.now();
    router.route(text, await vectors?.anew(text));
    times.push(performance.now() - begunMs);
  }
  const { p50, p99 } = statistics(times);
  const by = vectors === undefined ? "" : ` with the vector of the question by ${vectors.model}`;
  return {
    name: `routing: a decision among ${targetsOfTime} targets${by}, p99`,
    value: formatMs(p99),
    details: `p50 ${formatMs(p50)}; learning them takes ${formatMs(learnedMs)}, once`,
    aim: `≤ ${aims.msMax} ms`,
    isMet: p99 <= aims.msMax,
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
