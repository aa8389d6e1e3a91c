/** What a session may know, by label: the one place where contexts and tools ask. */
import { audienceOf, covers, type Clearance, type Labels } from "@roost/contract/labels";
import type { Viewer } from "./viewer.ts";

/** Main and heartbeat know everything; a job what is its own and what is for everybody; others what is for everybody, or for them. */
export function clearanceOf({ kind, jobId, sessionKey }: Viewer): Clearance {
  switch (kind) {
    case "main":
    case "heartbeat":
      return "all";
    case "cron":
      return jobId === undefined ? [] : [audienceOf("job", jobId)];
    case "channel":
      return sessionKey === undefined ? [] : [audienceOf("session", sessionKey)];
    case "subagent":
      return [];
  }
}

export function mayKnow(viewer: Viewer, labels: Labels): boolean {
  return covers(clearanceOf(viewer), labels);
}
