/** The router of a home: over its agents, domains and skills, and what the person has corrected. Learned anew when one of them changes. */
import { delay, keepBriefly, RoostError } from "@roost/base";
import { defaultAgent, type FoundRouteRecord } from "@roost/contract/operations";
import type { Memory, SuggestedRoute } from "@roost/memory";
import type { Route } from "@roost/routing";
import { askModel } from "./ask-model.ts";
import { createLearner } from "./create-learner.ts";
import {
  createTargetReader,
  type HomeTarget,
  type TargetKind,
  type TargetReaderOptions,
} from "./create-target-reader.ts";

export interface RouteCorrection {
  text: string;
  /** Default: the one that there is of this name. */
  kind?: TargetKind | undefined;
  id: string;
  by: string;
}

export interface HomeRouter {
  find(text: string): Promise<FoundRouteRecord>;
  /** As `find`; what it leaves open a small model decides, where the settings name one. */
  decide(text: string, signal: AbortSignal): Promise<FoundRouteRecord>;
  /** For main, which is told before it answers: what the text names or clearly means; undefined: nothing, or it is not known soon. */
  suggest(text: string): Promise<SuggestedRoute | undefined>;
  /** @throws RoostError `not_found` when there is no such target, `conflict` when there are several of the name */
  correct(correction: RouteCorrection): Promise<{ kind: TargetKind; id: string }>;
  /** Ends when vectors are learned, where the home has a model for them. */
  settled(): Promise<void>;
}

/** Among so many agents a text that is clearly meant for one of them is hardly meant for none; few agents leave most of what is said to main. */
const manyAgents = 20;
/** A text is then said almost in the words of an example. */
const likenessMin = 0.5;
/** Less alike it is not worth a question. */
const likenessAskedMin = 0.3;
/** A message to main does not have the targets read again for each. */
const targetsKeptMs = 10_000;

const suggestMsDefault = 250;

interface HomeRouterOptions extends TargetReaderOptions {
  /** A message to main does not wait longer. Default: a quarter of a second. */
  suggestMsMax?: number;
  /** A text waits so long for its vector, then goes by words alone. Default: a second. */
  textMsMax?: number;
  /** So long the small model may take. Default: half a minute. */
  modelMsMax?: number;
}

/** The router, and the memory with it: what the person says to main is looked at on its way in, by whatever door. */
export function openRouting(
  opened: Memory,
  options: Omit<HomeRouterOptions, "kernel" | "memory">,
): { router: HomeRouter; memory: Memory } {
  const router = createHomeRouter({ kernel: opened.kernel, memory: opened, ...options });
  return { router, memory: { ...opened, suggestRoute: router.suggest } };
}

export function createHomeRouter(options: HomeRouterOptions): HomeRouter {
  const { kernel, memory, directory, suggestMsMax = suggestMsDefault } = options;
  const readTargets = createTargetReader({ kernel, memory, directory });
  const recent = keepBriefly(readTargets, { clock: kernel.clock, keptMs: targetsKeptMs });
  // All go by one list, since another has the learner begin anew.
  const readAnew = () => {
    recent.forget();
    return recent.read();
  };
  const learner = createLearner(memory, options);

  async function findAmong(targets: readonly HomeTarget[], text: string): Promise<FoundRouteRecord> {
    const route = await learner.route(text, targets);
    const known = new Map(targets.map((target) => [target.id, target]));
    const shown = (id: string) => {
      const { kind, title } = known.get(id)!;
      return { kind, id: id.slice(kind.length + 1), title };
    };
    if (route.state === "none") return { state: "none", advice: "stay", target: null, why: null, near: [] };
    const advice = adviceOf(route, targets.filter(({ kind }) => kind === "agent").length);
    const near = route.near.map(({ targetId, probability }) => ({ ...shown(targetId), probability }));
    if (route.state === "unsure") return { state: "unsure", advice, target: null, why: null, near };
    return { state: "decided", advice, target: shown(route.targetId), why: route.why, near };
  }

  return {
    find: async (text) => findAmong(await readAnew(), text),
    decide: async (text, signal) => {
      const targets = await readAnew();
      const found = await findAmong(targets, text);
      const { model } = memory.settings.routing;
      if (model === undefined || found.near.length === 0 || found.advice === "go") return found;
      const choices = found.near.map(({ kind, id }) => {
        const { description } = targets.find((target) => target.id === `${kind}:${id}`)!;
        return { name: `${kind} ${id}`, about: description.slice(0, aboutCharsMax).replace(/\s+/g, " ").trim() };
      });
      const chosen = await askModel(kernel, { text, choices, model, signal, msMax: options.modelMsMax });
      if (chosen === undefined) return found;
      const { probability: _, ...target } = found.near[chosen]!;
      return { ...found, state: "decided", advice: "go", target, why: `${model} chose it among ${choices.length}` };
    },
    suggest: async (text) => {
      const finding = recent.read().then((targets) => (targets.length === 0 ? undefined : findAmong(targets, text)));
      const late = delay(suggestMsMax, { keepAlive: false }).then(() => undefined);
      const found = await Promise.race([finding.catch(() => undefined), late]);
      if (found?.advice !== "go" || found.target === null || found.target.id === defaultAgent) return undefined;
      const { kind, id } = found.target;
      // A mention is found before words are weighed.
      return { kind, id, isNamed: found.near.length === 0 };
    },
    correct: async ({ text, kind, id, by }) => {
      const target = chooseTarget(await readTargets(), { kind, id });
      await kernel.transact(async (tx) => {
        tx.emit({
          type: "route.corrected",
          subject: `${target.kind}:${id}`,
          data: { text, target: `${target.kind}:${id}`, by },
        });
      });
      recent.forget();
      return { kind: target.kind, id };
    },
    settled: () => learner.settled(),
  };
}

/** Of a target, in a question to a model. */
const aboutCharsMax = 200;

function chooseTarget(
  targets: readonly HomeTarget[],
  { kind, id }: Pick<RouteCorrection, "kind" | "id">,
): { kind: TargetKind } {
  // It is a target once something was said to be its own.
  if (id === defaultAgent && (kind ?? "agent") === "agent") return { kind: "agent" };
  const named = targets.filter((one) => one.id === `${kind ?? one.kind}:${id}`);
  if (named.length > 1)
    throw new RoostError(
      "conflict",
      `${named.map((one) => `${one.kind}:${id}`).join(" and ")} have this name: name the kind`,
    );
  if (named[0] !== undefined) return named[0];
  throw new RoostError(
    "not_found",
    `there is no ${kind ?? "agent, service or skill"} "${id}" to route to: see roost agents, roost services and the folders of skills/`,
  );
}

function adviceOf(
  { state, likeness }: Exclude<Route, { state: "none" }>,
  agentCount: number,
): FoundRouteRecord["advice"] {
  if (agentCount < manyAgents && likeness < likenessMin) return likeness < likenessAskedMin ? "stay" : "ask";
  return state === "decided" ? "go" : "ask";
}
