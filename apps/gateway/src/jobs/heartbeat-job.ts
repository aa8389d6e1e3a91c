import type { JsonValue } from "@roost/base";
import type { Settings } from "@roost/memory/settings";

export const heartbeatId = "heartbeat";

/** The heartbeat of the settings as a job. When switched off it stays defined but never due, so that its history remains. */
export function heartbeatJob({ heartbeat }: Settings): JsonValue {
  const { enabled, agent, every, prompt, activeHours, model, budget } = heartbeat;
  return definedOf({
    id: heartbeatId,
    title: "Heartbeat",
    agent,
    session: "heartbeat",
    trigger: { kind: "every", every },
    prompt: prompt ?? "",
    catchUp: { policy: "last" },
    overlap: "skip",
    enabled,
    activeHours,
    model,
    budget,
  });
}

/** JSON has no undefined. */
function definedOf(fields: object): JsonValue {
  return JSON.parse(JSON.stringify(fields)) as JsonValue;
}
