/**
 * How well questions find what they are meant for, on intents in the form of CLINC150 (Larson et al. 2019): descriptions and five examples each from the
 * training split, figures on the validation split, and queries that are meant for none. It reads a file that the person names.
 */
import { readFile } from "node:fs/promises";
import { RoostError } from "@roost/base";
import { chooseExamples, createRouter, type RouteTarget } from "@roost/routing";
import { z } from "zod";
import { formatMs, type Figure, type MeasureOptions } from "../measure.ts";
import { statistics } from "../statistics.ts";

const aims = { topMin: 0.9, decidedMin: 0.8, caughtMin: 0.6, msMax: 20 } as const;
const examplesPerTarget = 5;
/** For the time of a decision. */
const targetsOfTime = 300;
const quickCount = 200;

const Pairs = z.array(z.tuple([z.string(), z.string()]));
const Intents = z.object({ train: Pairs, val: Pairs, oos_train: Pairs.default([]), oos_val: Pairs.default([]) });

/** @throws RoostError `invalid_input` when the file is missing or not in that form */
export async function measureRouting(
  path: string | undefined,
  { isQuick, onProgress }: MeasureOptions,
): Promise<Figure[]> {
  const { train, val, oos_train: oosTrain, oos_val: oosVal } = await readIntents(path);
  const textsOf = Map.groupBy(train, ([, intent]) => intent);
  const chosen = [...textsOf].map(([intent, pairs]) =>
    toTarget(
      intent,
      chooseExamples(
        pairs.map(([text]) => text),
        examplesPerTarget,
      ),
    ),
  );
  const spread = [...textsOf].map(([intent, pairs]) =>
    toTarget(
      intent,
      pairs.filter((_, index) => index % Math.ceil(pairs.length / examplesPerTarget) === 0).map(([text]) => text),
    ),
  );
  const asked = isQuick ? val.slice(0, quickCount) : val;
  const foreign = [...oosVal, ...oosTrain].map(([text]) => text);
  onProgress(`${asked.length} questions to ${chosen.length} targets`);
  const figures = [
    ...(await measureChoice("examples that stand for the others", chosen, { asked, foreign })),
    ...(await measureChoice("examples taken at even distances", spread, { asked, foreign })),
  ];
  onProgress(`the time of a decision among ${targetsOfTime} targets`);
  return [...figures, await measureTime(chosen, asked)];
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

async function measureChoice(
  how: string,
  targets: readonly RouteTarget[],
  { asked, foreign }: { asked: readonly [string, string][]; foreign: readonly string[] },
): Promise<Figure[]> {
  const router = await createRouter(targets);
  const routes = asked.map(([text, intent]) => ({ intent, route: router.route(text) }));
  const decided = routes.flatMap(({ intent, route }) =>
    route.state === "decided" ? [{ isRight: route.targetId === intent }] : [],
  );
  const share = decided.length / routes.length;
  const right = decided.filter(({ isRight }) => isRight).length / decided.length;
  const caught = foreign.filter((text) => router.route(text).state !== "decided").length / foreign.length;
  const details = `${targets.length} targets, ${how}; no model, no token`;
  return [
    {
      name: "routing: right of what it decides",
      value: percent(right),
      details,
      aim: "≥ 90 %",
      isMet: right >= aims.topMin,
    },
    { name: "routing: decided", value: percent(share), details, aim: "≥ 80 %", isMet: share >= aims.decidedMin },
    {
      name: "routing: meant for none, and caught",
      value: percent(caught),
      details,
      aim: "≥ 60 %",
      isMet: caught >= aims.caughtMin,
    },
  ];
}

/** Each target twice, under another name, makes as many as are asked for. */
async function measureTime(targets: readonly RouteTarget[], asked: readonly [string, string][]): Promise<Figure> {
  const many = Array.from({ length: targetsOfTime }, (_, index) => {
    const target = targets[index % targets.length]!;
    return { ...target, id: `${target.id}:${index}` };
  });
  const startedMs = performance.now();
  const router = await createRouter(many);
  const learnedMs = performance.now() - startedMs;
  const times = asked.map(([text]) => {
    const begunMs = performance.now();
    router.route(text);
    return performance.now() - begunMs;
  });
  const { p50, p99 } = statistics(times);
  return {
    name: `routing: a decision among ${targetsOfTime} targets, p99`,
    value: formatMs(p99),
    details: `p50 ${formatMs(p50)}; learning them takes ${formatMs(learnedMs)}, once`,
    aim: `≤ ${aims.msMax} ms`,
    isMet: p99 <= aims.msMax,
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
