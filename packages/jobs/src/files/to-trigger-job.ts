/** A trigger of an agent as a person writes it: the keys of a job with those of its `trigger` beside them. It becomes a job, named after agent and trigger. */
import { isJsonObject, jsonObjectOf, RoostError, type JsonObject, type JsonValue } from "@roost/base";
import { Trigger } from "@roost/contract/operations";
import { readWritten } from "./read-written.ts";

export interface WrittenTrigger {
  agentId: string;
  /** Under `triggers` of the agent. */
  name: string;
  written: JsonValue;
}

/** An agent's id may have dots, the name of a trigger none: no two triggers are one job. */
const triggerName = /^[a-z0-9_-]+$/;

export function triggerJobId({ agentId, name }: Pick<WrittenTrigger, "agentId" | "name">): string {
  return `${agentId}.${name}`;
}

/** @throws RoostError `invalid_input` that says what is wrong in it */
export function toTriggerJob({ agentId, name, written }: WrittenTrigger): JsonObject {
  if (!triggerName.test(name))
    throw new RoostError("invalid_input", "its name must be lower-case letters, digits, - and _");
  if (!isJsonObject(written))
    throw new RoostError("invalid_input", 'it has no keys, as in { kind: cron, expression: "0 6 * * *", prompt: … }');
  const fields = Object.entries(jsonObjectOf(readWritten("trigger", written)));
  const isOfTrigger = ([key]: (typeof fields)[number]) => triggerKeys.has(key);
  return {
    prompt: `Your trigger "${name}" is due. Do what your instructions say about it.`,
    ...Object.fromEntries(fields.filter((field) => !isOfTrigger(field))),
    id: triggerJobId({ agentId, name }),
    agent: agentId,
    trigger: Object.fromEntries(fields.filter(isOfTrigger)),
  };
}

const triggerKeys: ReadonlySet<string> = new Set(Trigger.options.flatMap(({ shape }) => Object.keys(shape)));
