/** Explains a run: why it was created, and all that followed. */
import type { Handler } from "@roost/contract";
import type { explainRun as operation } from "@roost/contract/operations";
import { getRun, type Kernel } from "@roost/kernel";
import { requireUuid } from "../records/require-uuid.ts";
import { toRunSummary } from "../records/to-run-summary.ts";
import { explainEvents } from "./explain-events.ts";

export function explainRun(kernel: Kernel): Handler<typeof operation> {
  return async ({ runId, limit, after }) => {
    const run = await getRun(kernel.database, requireUuid("run", runId));
    const isOrigin = ({ type, subject }: { type: string; subject: string | null }) =>
      type === "run.created" && subject === runId;
    const explained = await explainEvents(kernel, { correlation: run.correlation, isOrigin, limit, after });
    return { run: toRunSummary(run), why: run.reason, ...explained };
  };
}
