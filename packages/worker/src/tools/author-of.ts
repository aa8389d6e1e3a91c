import type { Author } from "@roost/memory";
import type { ToolContext } from "./tool-context.ts";

/** Who writes, for the record of what is written. */
export function authorOf({ run, actor }: ToolContext): Author {
  return {
    by: actor,
    runId: run.id,
    ...(run.sessionKey === null ? {} : { sessionKey: run.sessionKey }),
    ...(run.sessionKind === null ? {} : { sessionKind: run.sessionKind }),
  };
}
