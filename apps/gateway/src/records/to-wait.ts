import type { Wait as WaitRecord } from "@roost/contract/operations";
import type { RunWait } from "@roost/kernel";
import { isoOrNull } from "./iso.ts";

export function toWaitRecord(wait: RunWait): WaitRecord {
  return {
    seq: wait.seq,
    kind: wait.kind === "resolution" ? "person" : wait.kind,
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
      return `for somebody to say what became of step ${wait.seq}`;
  }
}
