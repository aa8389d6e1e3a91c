/** All event types of Roost: the public file of `@roost/contract/events`. */
import type { EventDataOf } from "../define-event.ts";
import { accessEvents } from "./access-events.ts";
import { agentEvents } from "./agent-events.ts";
import { routeEvents } from "./route-events.ts";
import { approvalEvents } from "./approval-events.ts";
import { consumerEvents } from "./consumer-events.ts";
import { coordinationEvents } from "./coordination-events.ts";
import { homeEvents } from "./home-events.ts";
import { jobEvents } from "./job-events.ts";
import { noticeEvents } from "./notice-events.ts";
import { proxyEvents } from "./proxy-events.ts";
import { queueEvents } from "./queue-events.ts";
import { runEvents } from "./run-events.ts";
import { sessionEvents } from "./session-events.ts";
import { stepEvents } from "./step-events.ts";
import { webhookEvents } from "./webhook-events.ts";
import { workerEvents } from "./worker-events.ts";

export const roostEvents = [
  ...jobEvents,
  ...agentEvents,
  ...routeEvents,
  ...runEvents,
  ...stepEvents,
  ...workerEvents,
  ...sessionEvents,
  ...homeEvents,
  ...noticeEvents,
  ...approvalEvents,
  ...coordinationEvents,
  ...consumerEvents,
  ...queueEvents,
  ...accessEvents,
  ...proxyEvents,
  ...webhookEvents,
] as const;

type RoostEvent = (typeof roostEvents)[number];
export type RoostEventType = RoostEvent["type"];
/** The data of an event type: `RoostEventData<"run.started">`. */
export type RoostEventData<Type extends RoostEventType> = EventDataOf<Extract<RoostEvent, { type: Type }>>;

export * from "./access-events.ts";
export * from "./agent-events.ts";
export * from "./approval-events.ts";
export * from "./consumer-events.ts";
export * from "./coordination-events.ts";
export * from "./home-events.ts";
export * from "./job-events.ts";
export * from "./notice-events.ts";
export * from "./proxy-events.ts";
export * from "./queue-events.ts";
export * from "./run-events.ts";
export * from "./session-events.ts";
export * from "./step-events.ts";
export * from "./webhook-events.ts";
export * from "./worker-events.ts";
