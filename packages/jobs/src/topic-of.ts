/** What a definition names of the log: the topics of its events, and fields that their data has. Names of other things: known-names.ts. */
import { jsonObjectOf, nearestName, RoostError } from "@roost/base";
import type { JsonSchema } from "@roost/contract";
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
    if (postcondition.kind === "event") await topicOfType(kernel, postcondition, `The job "${id}" must emit`);
  }
  if (trigger.kind !== "event") return null;
  return topicOfType(kernel, trigger, `The job "${id}" waits for`);
}

type Wanted = Pick<Extract<ReadDefinition["trigger"], { kind: "event" }>, "eventType"> & {
  filter?: object | undefined;
};

async function topicOfType(kernel: Kernel, { eventType, filter = {} }: Wanted, what: string): Promise<string> {
  if (kernel.registry.find(eventType) === undefined) await kernel.registry.refresh();
  const schema = kernel.registry.find(eventType);
  if (schema === undefined) {
    const nearest = nearestName(eventType, kernel.registry.types());
    const advice = nearest === undefined ? "check its spelling" : `did you mean ${nearest}?`;
    throw new RoostError("invalid_input", `${what} events of type "${eventType}", which is not registered: ${advice}`);
  }
  for (const path of Object.keys(filter)) refuseUnknownField(kernel, { eventType, path, schema: schema.schema }, what);
  return schema.topic;
}

/** A filter by a field that no event of the type has would never match. Events of others may have more fields than their schema says. */
function refuseUnknownField(
  { registry }: Kernel,
  { eventType, path, schema }: { eventType: string; path: string; schema: JsonSchema },
  what: string,
): void {
  const isClosed = registry.isOwn(eventType) || schema["additionalProperties"] === false;
  const fields = Object.keys(jsonObjectOf(schema["properties"]));
  const names = path.split(".");
  if (!isClosed || fields.length === 0 || fields.includes(names[0]!)) return;
  const nearest = nearestName(names.at(-1)!, fields) ?? nearestName(names[0]!, fields);
  const advice = nearest === undefined ? `it has ${fields.join(", ")}` : `did you mean ${nearest}?`;
  throw new RoostError(
    "invalid_input",
    `${what} events of type "${eventType}" by "${path}", which their data does not have: ${advice}`,
  );
}
