/** What a run takes from its job's definition, and a run as another version of its job would have made it. */
import { canonicalJson, type JsonObject, type JsonValue } from "@roost/base";
import type { NewRun, Run } from "@roost/kernel";
import type { JobDefinition } from "./job-row.ts";

type Defined = Required<Pick<NewRun, "title" | "agent" | "sessionKind" | "sessionKey">> &
  Pick<NewRun, "postconditions">;

export function runOfDefinition(jobId: string, definition: JobDefinition): Defined {
  return {
    title: definition.title ?? jobId,
    agent: definition.agent,
    sessionKind: definition.session,
    sessionKey: definition.session === "main" ? "main" : `${definition.session}:${jobId}`,
    postconditions: definition.postconditions,
  };
}

/** Fields of a run's input that come from the definition; a tick adds others. */
export function inputOfDefinition(definition: JobDefinition): JsonObject {
  const { prompt, model, tools, inputs, onUnknown, tell, deliver } = definition;
  const settings = { model, tools, inputs: inputs as JsonValue | undefined, onUnknown, tell, deliver };
  const set = Object.entries(settings).filter(([, value]) => value !== undefined);
  return { prompt, ...(Object.fromEntries(set) as JsonObject) };
}

/** The run with definition `to` instead of `from`. Fields set by a tick, an event or a fork stay. */
export function asDefined<Defining extends Run>(
  run: Defining,
  { from, to }: { from: JobDefinition; to: JobDefinition },
): Defining {
  const [before, after] = [inputOfDefinition(from), inputOfDefinition(to)];
  const input = { ...run.input };
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (canonicalJson(input[name]) !== canonicalJson(before[name])) continue;
    const value = after[name];
    if (value === undefined) delete input[name];
    else input[name] = value;
  }
  const { postconditions, ...defined } = runOfDefinition(run.jobId ?? "", to);
  return { ...run, ...defined, postconditions: postconditions ?? null, input };
}
