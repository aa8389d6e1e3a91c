import type { Wait as WaitRecord } from "@roost/contract/operations";
import type { StartLimitUse, RunWait } from "@roost/kernel";
import { describeStartLimit } from "./describe-start-limit.ts";
import { isoOrNull } from "./iso.ts";

export function toWaitRecord(wait: RunWait): WaitRecord {
  return {
    seq: wait.seq,
    kind: wait.kind,
    until: isoOrNull(wait.until),
    eventType: wait.eventType,
    questionId: wait.questionId,
    childRunId: wait.childRunId,
    text: describe(wait),
  };
}

function describe(wait: RunWait): string {
  switch (wait.kind) {
    case "time":
      return `until ${isoOrNull(wait.until) ?? "later"}`;
    case "event":
      return `for an event ${wait.eventType ?? ""}`.trim();
    case "person":
      return `for the answer to question ${wait.questionId ?? ""}`.trim();
    case "child":
      return `for run ${wait.childRunId ?? ""}`.trim();
    case "resolution":
      return `for a person to resolve step ${wait.seq}`;
  }
}

/** A run that waits for its turn. */
export function toStartLimitWaitRecord(startLimit: StartLimitUse): WaitRecord {
  return {
    seq: null,
    kind: startLimit.kind,
    until: isoOrNull(startLimit.nextAt),
    eventType: null,
    questionId: null,
    childRunId: null,
    text: `for ${describeStartLimit(startLimit)}`,
  };
}
