/** Refuses misspelt names in definitions before they are stored: a job with an unknown tool has none, one of an unknown model another. */
import { nearestName, RoostError } from "@roost/base";
import { toolNames, type JobDefinition } from "@roost/contract/operations";

export interface KnownModels {
  names: readonly string[];
  /** Whether a server takes this name, which may not be listed like that. */
  takes: (name: string) => boolean;
}

export function onlyModels(names: readonly string[]): KnownModels {
  return { names, takes: (name) => names.includes(name) };
}

/** What there is in a home; each is looked up only when a definition needs it. */
export interface KnownNames {
  agents: () => Promise<readonly string[]>;
  /** Their operations are tools. */
  services: () => Promise<readonly string[]>;
  /** Ids of providers, and models; undefined while that cannot be told. */
  models: () => Promise<KnownModels | undefined>;
  queues: () => Promise<readonly string[]>;
}

/** The fields of a job, an agent or a message that name something. */
export type NamingDefinition = {
  [Field in "agent" | "tools" | "model" | "queue" | "postconditions"]?: JobDefinition[Field] | undefined;
} & { services?: readonly string[] | undefined; fallbacks?: readonly string[] | undefined };

const namesShown = 8;

/** @throws invalid_input naming the nearest name. `whose`: `The job "x"` */
export async function checkNames(whose: string, definition: NamingDefinition, known: KnownNames): Promise<void> {
  const { agent, model, queue, tools = [], postconditions = [], services = [], fallbacks = [] } = definition;
  if (agent !== undefined && agent !== "main") refuseUnknown(`${whose} names the agent`, agent, await known.agents());
  const used = postconditions.flatMap((each) => (each.kind === "tool" ? [each.name] : []));
  const others = [...tools, ...used].filter((name) => !toolNames.includes(name));
  if (others.length > 0 || services.length > 0) {
    const found = await known.services();
    for (const name of services) refuseUnknown(`${whose} names the service`, name, found);
    for (const name of others)
      if (!found.some((service) => name.startsWith(`${service}_`)))
        refuseUnknown(`${whose} names the tool`, name, toolNames);
  }
  const named = [...(model === undefined ? [] : [model]), ...fallbacks];
  const models = named.length === 0 ? undefined : await known.models();
  for (const name of named)
    if (models?.takes(name) === false) refuseUnknown(`${whose} names the model`, name, models.names);
  if (queue === undefined) return;
  // A queue begins with its first run; a name near that of another is a slip.
  const queues = await known.queues();
  if (!queues.includes(queue) && nearestName(queue, queues) !== undefined)
    refuseUnknown(`${whose} names the queue`, queue, queues);
}

function refuseUnknown(what: string, name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  const nearest = nearestName(name, names);
  const shown = names.slice(0, namesShown).join(", ") + (names.length > namesShown ? ", …" : "");
  const advice = nearest === undefined ? `known: ${shown || "none"}` : `did you mean ${nearest}?`;
  throw new RoostError("invalid_input", `${what} "${name}", which does not exist; ${advice}`);
}
