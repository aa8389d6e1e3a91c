import type { Labels } from "@roost/contract/labels";
import type { Author } from "@roost/memory";
import type { ToolContext } from "./tool-context.ts";

/** Who writes, for the record of what is written, and what the run knows that writes it. */
export function authorOf({ run, actor }: ToolContext, labels: Labels): Author {
  return {
    by: actor,
    labels,
    runId: run.id,
    ...(run.sessionKey === null ? {} : { sessionKey: run.sessionKey }),
    ...(run.sessionKind === null ? {} : { sessionKind: run.sessionKind }),
  };
}
