import { type Labels, isUntrusted } from "@roost/contract/labels";
import type { Author } from "@roost/memory";
import type { ToolContext } from "./tool-context.ts";

/** The author of a write, with the labels of its run. */
export function authorOf({ run, actor }: ToolContext, labels: Labels): Author {
  return {
    by: actor,
    labels,
    runId: run.id,
    sessionKey: run.sessionKey ?? undefined,
    sessionKind: run.sessionKind ?? undefined,
  };
}

/** A reason for places without marks, such as a list: for a run that has read outside content, where to find it. */
export function saidBy(runId: string, labels: Labels, reason: string | undefined): string | undefined {
  if (reason === undefined || !isUntrusted(labels)) return reason;
  return `a reason that rests on content from outside: read_run ${runId} shows it`;
}
