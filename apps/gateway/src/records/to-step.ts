import type { Step as StepRecord } from "@roost/contract/operations";
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

/** What the provider did not say counts as 0 here; the step's own record keeps the difference. */
function toUsage(usage: Step["usage"]): StepRecord["usage"] {
  if (typeof usage !== "object" || usage === null || Array.isArray(usage)) return null;
  const count = (name: string) => (typeof usage[name] === "number" ? usage[name] : undefined);
  const cachedTokens = count("cachedInputTokens");
  const reasoningTokens = count("reasoningTokens");
  return {
    inputTokens: count("inputTokens") ?? 0,
    outputTokens: count("outputTokens") ?? 0,
    cachedTokens,
    reasoningTokens,
  };
}
