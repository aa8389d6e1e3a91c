/** The router of a home: over its agents, domains and skills, and what the person has corrected. Learned anew when one of them changes. */
import { createHash } from "node:crypto";
import { RoostError } from "@roost/base";
import { defaultAgent, type FoundRouteRecord } from "@roost/contract/operations";
import { createRouter, type Route, type Router } from "@roost/routing";
import {
  createTargetReader,
  type HomeTarget,
  type TargetKind,
  type TargetReaderOptions,
} from "./create-target-reader.ts";

export interface HomeRouter {
  find(text: string): Promise<FoundRouteRecord>;
  /** @throws RoostError `not_found` when there is no such target */
  correct(correction: { text: string; kind: TargetKind; id: string; by: string }): Promise<void>;
}

/** Among so many agents a text that is clearly meant for one of them is hardly meant for none; few agents leave most of what is said to main. */
const manyAgents = 20;
/** A text is then said almost in the words of an example. */
const likenessMin = 0.5;
/** Less alike it is not worth a question. */
const likenessAskedMin = 0.3;

export function createHomeRouter({ kernel, memory, directory }: TargetReaderOptions): HomeRouter {
  const readTargets = createTargetReader({ kernel, memory, directory });
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
      const advice = adviceOf(route, targets.filter(({ kind }) => kind === "agent").length);
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
}

function adviceOf(
  { state, likeness }: Exclude<Route, { state: "none" }>,
  agentCount: number,
): FoundRouteRecord["advice"] {
  if (agentCount < manyAgents && likeness < likenessMin) return likeness < likenessAskedMin ? "stay" : "ask";
  return state === "decided" ? "go" : "ask";
}
