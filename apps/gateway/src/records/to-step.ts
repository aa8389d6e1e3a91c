import type { StepRecord } from "@roost/contract/operations";
import type { Step } from "@roost/kernel";
import { iso, isoOrNull } from "./iso.ts";

export function toStepRecord(step: Step): StepRecord {
  return {
    runId: step.runId,
    seq: step.seq,
    name: step.name,
    kind: step.kind,
    effect: step.effect,
    state: step.state,
    attempt: step.attempt,
    idempotencyKey: step.idempotencyKey,
    input: step.input,
    output: step.output,
    error: step.error === null ? null : { code: step.error.code, message: step.error.message },
    usage: toUsage(step.usage),
    costUsd: step.costUsd ?? 0,
    startedAt: iso(step.startedAt),
    endedAt: isoOrNull(step.endedAt),
  };
}

function toUsage(usage: Step["usage"]): StepRecord["usage"] {
  if (typeof usage !== "object" || usage === null || Array.isArray(usage)) return null;
  const count = (name: string) => (typeof usage[name] === "number" ? usage[name] : undefined);
  const name = (field: string) => (typeof usage[field] === "string" ? usage[field] : undefined);
  return {
    inputTokens: count("inputTokens"),
    outputTokens: count("outputTokens"),
    cachedTokens: count("cachedTokens"),
    reasoningTokens: count("reasoningTokens"),
    model: name("model"),
    provider: name("provider"),
  };
}
