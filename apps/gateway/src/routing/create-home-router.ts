/** The router of a home: over its agents and domains, and what the person has corrected. Learned anew when one of them changes. */
import { createHash } from "node:crypto";
import { RoostError } from "@roost/base";
import { defaultAgent, type FoundRouteRecord } from "@roost/contract/operations";
import { listAgents } from "@roost/jobs";
import { readLatest, type Kernel } from "@roost/kernel";
import { createRouter, type Router, type RouteTarget } from "@roost/routing";
import type { ServiceDirectory } from "@roost/service";

export interface HomeRouter {
  find(text: string): Promise<FoundRouteRecord>;
  /** @throws RoostError `not_found` when there is no such target */
  correct(correction: { text: string; kind: TargetKind; id: string; by: string }): Promise<void>;
}

type TargetKind = "agent" | "service";

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

export function createHomeRouter({ kernel, directory }: { kernel: Kernel; directory: ServiceDirectory }): HomeRouter {
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
      if (route.state === "none") return { state: "none", target: null, why: null, near: [] };
      const near = route.near.map(({ targetId, probability }) => ({ ...shown(targetId), probability }));
      if (route.state === "unsure") return { state: "unsure", target: null, why: null, near };
      return { state: "decided", target: shown(route.targetId), why: route.why, near };
    },
    correct: async ({ text, kind, id, by }) => {
      const target = `${kind}:${id}`;
      if (!(await readTargets()).some((one) => one.id === target))
        throw new RoostError("not_found", `there is no ${kind} "${id}" to route to: see roost agents`);
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
      // What is meant for no other is main's.
      for (const { id, definition } of agents.filter((agent) => agent.id !== defaultAgent))
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
