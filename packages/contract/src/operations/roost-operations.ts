/** All operations of Roost's gateway: the public file of `@roost/contract/operations`. Paths are relative to the gateway's mount point. */
import { accessOperations } from "./access-operations.ts";
import { agentOperations } from "./agent-operations.ts";
import { coordinationOperations } from "./coordination-operations.ts";
import { groupOperations } from "./group-operations.ts";
import { hookOperations } from "./hook-operations.ts";
import { inboxOperations } from "./inbox-operations.ts";
import { homeOperations } from "./home-operations.ts";
import { hostOperations } from "./host-operations.ts";
import { jobOperations } from "./job-operations.ts";
import { logOperations } from "./log-operations.ts";
import { memoryOperations } from "./memory-operations.ts";
import { moveOperations } from "./move-operations.ts";
import { partOperations } from "./part-operations.ts";
import { pushOperations } from "./push-operations.ts";
import { projectionOperations } from "./projection-operations.ts";
import { rehearsalOperations } from "./rehearsal-operations.ts";
import { routeOperations } from "./route-operations.ts";
import { queueOperations } from "./queue-operations.ts";
import { runOperations } from "./run-operations.ts";
import { serviceOperations } from "./service-operations.ts";
import { sessionOperations } from "./session-operations.ts";
import { setupOperations } from "./setup-operations.ts";
import { sourceOperations } from "./source-operations.ts";
import { spendOperations } from "./spend-operations.ts";
import { statusOperations } from "./status-operations.ts";
import { timelineOperations } from "./timeline-operations.ts";

export const roostOperations = [
  ...statusOperations,
  ...runOperations,
  ...queueOperations,
  ...routeOperations,
  ...jobOperations,
  ...agentOperations,
  ...rehearsalOperations,
  ...sessionOperations,
  ...partOperations,
  ...logOperations,
  ...timelineOperations,
  ...groupOperations,
  ...projectionOperations,
  ...coordinationOperations,
  ...homeOperations,
  ...hostOperations,
  ...inboxOperations,
  ...memoryOperations,
  ...moveOperations,
  ...serviceOperations,
  ...accessOperations,
  ...hookOperations,
  ...sourceOperations,
  ...spendOperations,
  ...setupOperations,
  ...pushOperations,
] as const;

export * from "../records/token.ts";
export * from "../records/agent.ts";
export * from "../records/channel.ts";
export * from "../records/answer-form.ts";
export * from "../records/client-tool.ts";
export * from "../records/consumer.ts";
export * from "../records/coordination.ts";
export * from "../records/day.ts";
export * from "../records/describe-event.ts";
export * from "../records/describe-trigger.ts";
export * from "../records/event.ts";
export * from "../records/fact.ts";
export * from "../records/fields.ts";
export * from "../records/file.ts";
export * from "../records/home-record.ts";
export * from "../records/host.ts";
export * from "../records/host-scopes.ts";
export * from "../records/hook.ts";
export * from "../records/inbox.ts";
export * from "../records/job.ts";
export * from "../records/limits.ts";
export * from "../records/notice.ts";
export * from "../records/part.ts";
export * from "../records/postcondition.ts";
export * from "../records/projection.ts";
export * from "../records/rehearsal.ts";
export * from "../records/recall.ts";
export * from "../records/replay.ts";
export * from "../records/push.ts";
export * from "../records/queue.ts";
export * from "../records/route.ts";
export * from "../records/run.ts";
export * from "../records/service.ts";
export * from "../records/session.ts";
export * from "../records/profile.ts";
export * from "../records/spend.ts";
export * from "../records/state.ts";
export * from "../records/status.ts";
export * from "../records/third-party.ts";
export * from "../records/tool-names.ts";
export * from "./access-operations.ts";
export * from "./agent-operations.ts";
export * from "./coordination-operations.ts";
export * from "./group-operations.ts";
export * from "./hook-operations.ts";
export * from "./home-operations.ts";
export * from "./host-operations.ts";
export * from "./inbox-operations.ts";
export * from "./job-operations.ts";
export * from "./log-operations.ts";
export * from "./memory-operations.ts";
export * from "./move-operations.ts";
export * from "./part-operations.ts";
export * from "./projection-operations.ts";
export * from "./rehearsal-operations.ts";
export * from "./push-operations.ts";
export * from "./queue-operations.ts";
export * from "./route-operations.ts";
export * from "./run-operations.ts";
export * from "./service-operations.ts";
export * from "./session-operations.ts";
export * from "./setup-operations.ts";
export * from "./source-operations.ts";
export * from "./spend-operations.ts";
export * from "./status-operations.ts";
export * from "./timeline-operations.ts";
