import { nearestName, RoostError } from "@roost/base";
import type { Kernel } from "@roost/kernel";
import { checkNames, type KnownNames } from "./known-names.ts";
import type { ReadDefinition } from "./read-definition.ts";

/** The topic of the events that fire the job. @throws invalid_input for an event type or another name that is not known */
export async function topicOf(
  kernel: Kernel,
  { id, definition, trigger }: ReadDefinition,
  known?: KnownNames,
): Promise<string | null> {
  if (known !== undefined) await checkNames(`The job "${id}"`, definition, known);
  for (const postcondition of definition.postconditions ?? []) {
    if (postcondition.kind === "event") await topicOfType(kernel, postcondition.eventType, `The job "${id}" must emit`);
  }
  if (trigger.kind !== "event") return null;
  return topicOfType(kernel, trigger.eventType, `The job "${id}" waits for`);
}

async function topicOfType(kernel: Kernel, eventType: string, what: string): Promise<string> {
  if (kernel.registry.find(eventType) === undefined) await kernel.registry.refresh();
  const schema = kernel.registry.find(eventType);
  if (schema === undefined) {
    const nearest = nearestName(eventType, kernel.registry.types());
    const advice = nearest === undefined ? "check its spelling" : `did you mean ${nearest}?`;
    throw new RoostError("invalid_input", `${what} events of type "${eventType}", which is not registered: ${advice}`);
  }
  return schema.topic;
}
