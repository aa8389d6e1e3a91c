/** What a question can be meant for in a home: its agents, domains and skills, with what the person has corrected. */
import { keepBriefly } from "@roost/base";
import { defaultAgent, type FoundRouteRecord } from "@roost/contract/operations";
import { listAgents } from "@roost/jobs";
import { readLatest, type Kernel } from "@roost/kernel";
import { listSkills, type Memory } from "@roost/memory";
import type { RouteTarget } from "@roost/routing";
import type { ServiceDirectory } from "@roost/service";

export type TargetKind = FoundRouteRecord["near"][number]["kind"];

export interface HomeTarget extends RouteTarget {
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

export interface TargetReaderOptions {
  kernel: Kernel;
  memory: Memory;
  directory: ServiceDirectory;
}

/** By target: what was said to be meant for it. */
type Examples = ReadonlyMap<string, readonly string[]>;

export function createTargetReader({ kernel, memory, directory }: TargetReaderOptions): () => Promise<HomeTarget[]> {
  const skills = keepBriefly(() => listSkills(memory, { as: { kind: "main" } }), {
    clock: kernel.clock,
    keptMs: skillsKeptMs,
  });
  return async () => {
    const examples = await readCorrections(kernel);
    const of = (kind: TargetKind, name: string, described: { title: string; description: string }): HomeTarget => {
      const id = `${kind}:${name}`;
      return { kind, id, name, ...described, examples: [...(examples.get(id) ?? [])] };
    };
    const services = (await directory.list()).map(({ name, title, guide }) =>
      of("service", name, { title, description: `${title}\n${guide}`.slice(0, descriptionCharsMax) }),
    );
    const known = (await skills.read()).map(({ name, description = "" }) =>
      of("skill", name, { title: name, description: description.slice(0, descriptionCharsMax) }),
    );
    // What is meant for no other is main's: it is found by what the person said is, alone.
    const main = examples.has(`agent:${defaultAgent}`)
      ? [of("agent", defaultAgent, { title: defaultAgent, description: "" })]
      : [];
    return [...main, ...(await readAgentTargets(kernel, examples)), ...services, ...known].slice(0, targetsMax);
  };
}

async function readAgentTargets(kernel: Kernel, examples: Examples): Promise<HomeTarget[]> {
  const targets: HomeTarget[] = [];
  for (let after: string | undefined; targets.length < targetsMax;) {
    const { agents, next } = await listAgents(kernel, { limit: pageMax, after });
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
  return targets;
}

async function readCorrections(kernel: Kernel): Promise<Examples> {
  const corrections = new Map<string, string[]>();
  const { events } = await readLatest(kernel.database, { topics: [topic], limit: correctionsMax });
  // The newest word of a text counts.
  const targetOf = new Map(events.map(({ data }) => [String(data["text"]), String(data["target"])]));
  // A router reads so many of a target: the newest.
  for (const [text, target] of [...targetOf].toReversed())
    corrections.set(target, [...(corrections.get(target) ?? []), text]);
  return corrections;
}
