/** Events as people read them: what happened in words, what kind of thing it is, and where one looks on. Pure. */
import { describeEventData } from "@roost/contract/describe-event";
import type { Event } from "@roost/contract/operations";
import type { IconName } from "../../parts/icon-paths.ts";

/** What a row of the list needs of an event; the rest is read when it is opened. */
export interface EventRow {
  id: string;
  topic: string;
  partition: number;
  offset: number;
  at: number;
  type: string;
  /** What happened: "Run failed". */
  title: string;
  text: string;
  /** Whose it is: a job, an agent, a conversation. */
  of: string;
  tone: "bad" | "wait" | "odd" | "plain";
  isUntrusted: boolean;
}

/** Said of every step and every lock: of use to who looks for something, noise to all others. */
export const quietTypes: readonly string[] = [
  "step.started",
  "step.done",
  "run.started",
  "run.resumed",
  "lock.acquired",
  "lock.released",
  "once.begun",
  "once.done",
  "tool.answered",
  "tick.fired",
  "worker.joined",
  "proxy.called",
  "grant.used",
  "approval.used",
  "subject.reserved",
];

export const troubleTypes: readonly string[] = [
  "run.failed",
  "run.diverged",
  "run.outdated",
  "step.failed",
  "step.unknown",
  "tick.missed",
  "budget.refused",
  "file.failed",
  "approval.refused",
  "approval.expired",
  "lease.lost",
  "lock.expired",
  "consumer.failed",
  "once.failed",
  "once.unknown",
  "notice.failed",
  "worker.lost",
  "job.silent",
  "subject.refused",
];

const odd = new Set(["step.unknown", "once.unknown", "run.diverged", "run.outdated"]);
const waiting = new Set(["question.asked", "approval.asked", "run.waiting", "notice.raised"]);
const trouble = new Set(troubleTypes);
const icons: Readonly<Record<string, IconName>> = {
  run: "activity",
  step: "layers",
  tick: "calendar-clock",
  job: "calendar-clock",
  message: "messages-square",
  session: "messages-square",
  tool: "wrench",
  file: "file-text",
  state: "file-text",
  fact: "brain",
  question: "circle-help",
  approval: "eye",
  notice: "bell",
  agent: "bot",
  budget: "wallet",
  token: "key",
  lock: "layers",
  worker: "cpu",
  service: "server",
};

export function iconOf(type: string): IconName {
  return icons[type.split(".")[0] ?? ""] ?? "circle-help";
}

export function toEventRow(event: Event): EventRow {
  const { id, topic, partition, offset, type, data, labels } = event;
  return {
    id,
    topic,
    partition,
    offset,
    at: Date.parse(event.time),
    type,
    title: tellType(type),
    text: describeEventData(event).slice(0, 160),
    of: firstText(data["jobId"], data["sessionKey"], data["agent"]),
    tone: toneOf(type),
    isUntrusted: labels.includes("trust:untrusted"),
  };
}

/** `run.failed` is "Run failed". */
export function tellType(type: string): string {
  const words = type.replaceAll(/[._-]+/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function toneOf(type: string): EventRow["tone"] {
  if (odd.has(type)) return "odd";
  if (trouble.has(type)) return "bad";
  return waiting.has(type) ? "wait" : "plain";
}

function firstText(...values: unknown[]): string {
  return values.find((value): value is string => typeof value === "string") ?? "";
}
