/** The router of a home: over its agents, domains and skills, and what the person has corrected. Learned anew when one of them changes. */
import { createHash } from "node:crypto";
import { keepBriefly, RoostError } from "@roost/base";
import { defaultAgent, type FoundRouteRecord } from "@roost/contract/operations";
import { listAgents } from "@roost/jobs";
import { readLatest, type Kernel } from "@roost/kernel";
import { listSkills, type Memory } from "@roost/memory";
import { createRouter, type Route, type Router, type RouteTarget } from "@roost/routing";
import type { ServiceDirectory } from "@roost/service";

export interface HomeRouter {
  find(text: string): Promise<FoundRouteRecord>;
  /** @throws RoostError `not_found` when there is no such target */
  correct(correction: { text: string; kind: TargetKind; id: string; by: string }): Promise<void>;
}

type TargetKind = FoundRouteRecord["near"][number]["kind"];

interface HomeTarget extends RouteTarget {
  kind: TargetKind;
  title: string;
}

const topic = "routing";
const pageMax = 500;
const targetsMax = 2_000;
/** The newest corrections. */
const correctionsMax = 1_000;
const descriptionCharsMax = 1_000;
/** Finding skills walks the folders of the home. */
const skillsKeptMs = 30_000;

/** Among so many targets a text that is clearly meant for one of them is hardly meant for none; few targets leave most of what is said to main. */
const manyTargets = 20;
/** A text is then said almost in the words of an example. */
const likenessMin = 0.5;
/** Less alike it is not worth a question. */
const likenessAskedMin = 0.3;

export interface HomeRouterOptions {
  kernel: Kernel;
  memory: Memory;
  directory: ServiceDirectory;
}

export function createHomeRouter({ kernel, memory, directory }: HomeRouterOptions): HomeRouter {
  const skills = keepBriefly(() => listSkills(memory, { as: { kind: "main" } }), {
    clock: kernel.clock,
    keptMs: skillsKeptMs,
  });
  let learned: { hash: string; router: Promise<Router> } | undefined;

  return {
    find: async (text) => {
      const targets = await readTargets();
      const route = (await routerOf(targets)).route(text);
      const known = new Map(targets.map((target) => [target.id, target]));
      const shown = (id: string) => {
        const { kind, title } = known.get(id)!;
        return { kind, id: id.slice(kind.length + 1), title };
      };
      if (route.state === "none") return { state: "none", advice: "stay", target: null, why: null, near: [] };
      const advice = adviceOf(route, targets.length);
      const near = route.near.map(({ targetId, probability }) => ({ ...shown(targetId), probability }));
      if (route.state === "unsure") return { state: "unsure", advice, target: null, why: null, near };
      return { state: "decided", advice, target: shown(route.targetId), why: route.why, near };
    },
    correct: async ({ text, kind, id, by }) => {
      const target = `${kind}:${id}`;
      if (target !== `agent:${defaultAgent}` && !(await readTargets()).some((one) => one.id === target))
        throw new RoostError(
          "not_found",
          `there is no ${kind} "${id}" to route to: see roost agents, roost services and the folders of skills/`,
        );
      await kernel.transact(async (tx) => {
        tx.emit({ type: "route.corrected", subject: target, data: { text, target, by } });
      });
    },
  };

  /** Texts that arrive while it learns wait for it: a few seconds for hundreds of targets. */
  function routerOf(targets: readonly HomeTarget[]): Promise<Router> {
    const hash = createHash("sha256").update(JSON.stringify(targets)).digest("hex");
    if (learned?.hash === hash) return learned.router;
    const router = createRouter(targets);
    learned = { hash, router };
    return router;
  }

  async function readTargets(): Promise<HomeTarget[]> {
    const examples = await readCorrections();
    const targets: HomeTarget[] = [];
    for (let after: string | undefined; targets.length < targetsMax;) {
      const { agents, next } = await listAgents(kernel, { limit: pageMax, after });
      // What is meant for no other is main's: it is found by what the person said is, alone.
      for (const { id, definition } of agents.filter(({ id }) => id !== defaultAgent))
        targets.push({
          kind: "agent",
          id: `agent:${id}`,
          name: id,
          title: definition.title ?? id,
          description: [definition.title, definition.prompt].join("\n").slice(0, descriptionCharsMax).trim(),
          examples: [...(definition.examples ?? []), ...(examples.get(`agent:${id}`) ?? [])],
        });
      if (next === null) break;
      after = next;
    }
    for (const { name, title, guide } of (await directory.list()).slice(0, targetsMax))
      targets.push({
        kind: "service",
        id: `service:${name}`,
        name,
        title,
        description: `${title}\n${guide}`.slice(0, descriptionCharsMax),
        examples: examples.get(`service:${name}`) ?? [],
      });
    for (const { name, description = "" } of await skills.read())
      targets.push({
        kind: "skill",
        id: `skill:${name}`,
        name,
        title: name,
        description: description.slice(0, descriptionCharsMax),
        examples: examples.get(`skill:${name}`) ?? [],
      });
    const ofMain = examples.get(`agent:${defaultAgent}`);
    if (ofMain !== undefined)
      targets.unshift({
        kind: "agent",
        id: `agent:${defaultAgent}`,
        name: defaultAgent,
        title: defaultAgent,
        description: "",
        examples: ofMain,
      });
    return targets.slice(0, targetsMax);
  }

  async function readCorrections(): Promise<Map<string, string[]>> {
    const corrections = new Map<string, string[]>();
    const { events } = await readLatest(kernel.database, { topics: [topic], limit: correctionsMax });
    // The newest word of a text counts.
    const targetOf = new Map(events.map(({ data }) => [String(data["text"]), String(data["target"])]));
    for (const [text, target] of targetOf) corrections.set(target, [...(corrections.get(target) ?? []), text]);
    return corrections;
  }
}

function adviceOf(
  { state, likeness }: Exclude<Route, { state: "none" }>,
  targetCount: number,
): FoundRouteRecord["advice"] {
  if (targetCount < manyTargets && likeness < likenessMin) return likeness < likenessAskedMin ? "stay" : "ask";
  return state === "decided" ? "go" : "ask";
}
