/** What a session may know, by label: contexts and tools both ask here. */
import { audienceOf, covers, type Clearance, type Labels } from "@roost/contract/labels";
import type { Viewer } from "./viewer.ts";

/**
 * The kind of session says how far its agent's clearance reaches. Main and heartbeat know everything, or what the clearance names; a job knows
 * its own, and the jobs and domains that the clearance names; others know what has no audience, or theirs.
 */
export function clearanceOf({ kind, jobId, sessionKey, clearance }: Viewer): Clearance {
  switch (kind) {
    case "main":
    case "heartbeat":
      return clearance ?? "all";
    case "cron":
      return [...(jobId === undefined ? [] : [audienceOf("job", jobId)]), ...(clearance ?? []).filter(isOfWork)];
    case "channel":
      return sessionKey === undefined ? [] : [audienceOf("session", sessionKey)];
    case "subagent":
      return clearance?.filter(isOfWork) ?? [];
  }
}

/** What other people and sessions say is never a cron's. */
function isOfWork(audience: string): boolean {
  return audience.startsWith("job:") || audience.startsWith("domain:");
}

export function mayKnow(viewer: Viewer, labels: Labels): boolean {
  return covers(clearanceOf(viewer), labels);
}
