import { isUntrusted, type Labels } from "@roost/contract/labels";

/** A reason for places without marks, such as a list: for a run that has read outside content, where to find it. */
export function saidBy(runId: string, labels: Labels, reason: string | undefined): string | undefined {
  if (reason === undefined || !isUntrusted(labels)) return reason;
  return `a reason that rests on content from outside: read_run ${runId} shows it`;
}
