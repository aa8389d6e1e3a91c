import { isUntrusted, type Labels } from "@roost/contract/labels";

/** A reason as it stands where nothing is marked, such as in a list: of a run that has read content from outside, where it is to be found. */
export function saidBy(runId: string, labels: Labels, reason: string | undefined): string | undefined {
  if (reason === undefined || !isUntrusted(labels)) return reason;
  return `a reason that rests on content from outside: read_run ${runId} shows it`;
}
