import type { Labels } from "@roost/contract/labels";
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
