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
    const of = targetsWith(examples);
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
    return [...main, ...(await readAgentTargets(kernel, of)), ...services, ...known].slice(0, targetsMax);
  };
}

type MakeTarget = (
  kind: TargetKind,
  name: string,
  described: { title: string; description: string; examples?: readonly string[] | undefined },
) => HomeTarget;

/** With the examples that it has of its own, and then those that the person gave it. */
function targetsWith(corrections: Examples): MakeTarget {
  return (kind, name, { title, description, examples = [] }) => {
    const id = `${kind}:${name}`;
    return { kind, id, name, title, description, examples: [...examples, ...(corrections.get(id) ?? [])] };
  };
}

async function readAgentTargets(kernel: Kernel, of: MakeTarget): Promise<HomeTarget[]> {
  const targets: HomeTarget[] = [];
  for (let after: string | undefined; targets.length < targetsMax;) {
    const { agents, next } = await listAgents(kernel, { limit: pageMax, after });
    for (const { id, definition } of agents.filter((agent) => agent.id !== defaultAgent)) {
      const { title = id, examples } = definition;
      const said = [definition.title, definition.description, definition.prompt];
      const description = said.join("\n").slice(0, descriptionCharsMax).trim();
      targets.push(of("agent", id, { title, description, examples }));
    }
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
