/** The initial labels of a run: the audience of its session, and the trust of its cause. */
import { audienceOf, joinLabels, missingLabels, openLabels, untrustedFrom, type Labels } from "@roost/contract/labels";
import type { NewRun } from "./run.ts";

type Cause = Pick<NewRun, "sessionKind" | "sessionKey" | "job">;

/** For a run without a parent: a child starts with its parent's labels. */
export function firstLabels({ sessionKind, sessionKey, job }: Cause): Labels {
  switch (sessionKind) {
    case "main":
    case "heartbeat":
      return { ...openLabels, audiences: ["main"] };
    case "cron":
      return { ...openLabels, audiences: job === undefined ? ["main"] : [audienceOf("job", job.id)] };
    case "channel": {
      const key = sessionKey ?? "channel";
      return joinLabels({ ...openLabels, audiences: [audienceOf("session", key)] }, untrustedFrom("channel", key));
    }
    case "subagent":
      return missingLabels;
    default:
      return { ...openLabels, audiences: ["main"] };
  }
}
