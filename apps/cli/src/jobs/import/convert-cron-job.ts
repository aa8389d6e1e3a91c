/**
 * What Roost makes of a job of an OpenClaw home, and what of it it cannot carry over. The same job gives the same definition under the
 * same id each time, so that importing again changes nothing. A job is never left out: what cannot run here is kept, disabled.
 */
import { createHash } from "node:crypto";
import { RoostError } from "@roost/base";
import { everyMsMin, nameCharsMax } from "@roost/contract/operations";
import type { WrittenJob } from "../read-job-files.ts";
import type { CronJob } from "./read-cron-store.ts";

export interface ConvertedJob {
  job: WrittenJob;
  /** What is different here, for the person. */
  notes: string[];
}

type Trigger = WrittenJob["trigger"];

const slugPattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const slugCharsMax = 50;
const timeoutMsMax = 7 * 86_400_000;
const timeoutMsMin = 1_000;
const jitterMsMax = 86_400_000;

/** @throws RoostError `invalid_input` for a schedule that says nothing */
export function convertCronJob(source: CronJob, { nowMs }: { nowMs: number }): ConvertedJob {
  const notes: string[] = [];
  const { trigger, jitterMs, isPast } = convertSchedule(source, { nowMs, notes });
  const prompt = promptOf(source, notes);
  noteLosses(source, notes);
  const agent = source.agentId;
  if (agent !== undefined && !slugPattern.test(agent))
    notes.push(`its agent "${agent}" cannot be called so here: it runs as main`);
  const isEnabled = (source.enabled ?? true) && prompt !== undefined && trigger.kind !== "manual" && !isPast;
  const job: WrittenJob = {
    id: slugOf(source.id),
    ...(source.name === undefined || source.name === "" ? {} : { title: source.name.slice(0, nameCharsMax) }),
    ...(agent === undefined || !slugPattern.test(agent) ? {} : { agent }),
    session: source.sessionTarget === "main" ? "main" : "cron",
    trigger,
    prompt: prompt ?? "",
    ...(jitterMs === undefined ? {} : { jitterMs }),
    ...timeoutOf(source, notes),
    ...(source.payload.model === undefined ? {} : { model: source.payload.model }),
    ...(isEnabled ? {} : { enabled: false }),
  };
  return { job, notes };
}

/** Its own id where that is allowed here; else something like it that no other id comes to. */
function slugOf(id: string): string {
  if (slugPattern.test(id)) return id;
  const readable = id
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, slugCharsMax);
  const hash = createHash("sha256").update(id).digest("hex").slice(0, 8);
  return readable === "" ? `job-${hash}` : `${readable}-${hash}`;
}

function convertSchedule(
  { id, schedule, createdAtMs }: CronJob,
  { nowMs, notes }: { nowMs: number; notes: string[] },
): { trigger: Trigger; jitterMs?: number; isPast: boolean } {
  const { kind, expr, everyMs, anchorMs, tz, staggerMs } = schedule;
  if (kind === "cron" && expr !== undefined) {
    const trigger: Trigger = { kind, expression: expr, ...(tz === undefined ? {} : { timeZone: tz }) };
    const jitterMs = staggerMs === undefined || staggerMs <= 0 ? undefined : Math.min(staggerMs, jitterMsMax);
    return { trigger, isPast: false, ...(jitterMs === undefined ? {} : { jitterMs }) };
  }
  if (kind === "every" && everyMs !== undefined) {
    const every = Math.max(everyMsMin, Math.round(everyMs));
    if (every !== everyMs) notes.push(`every ${everyMs} ms became every ${every} ms`);
    const anchor = anchorMs ?? createdAtMs;
    return {
      trigger: { kind, every, ...(anchor === undefined ? {} : { anchor: new Date(anchor).toISOString() }) },
      isPast: false,
    };
  }
  if (kind === "at") {
    const atMs = momentOf(id, schedule);
    const isPast = atMs <= nowMs;
    if (isPast) notes.push("its moment has passed: it is kept, disabled");
    return { trigger: { kind, at: new Date(atMs).toISOString() }, isPast };
  }
  notes.push(`its schedule of the kind "${kind}" is not known here: it is kept, disabled, and runs when told to`);
  return { trigger: { kind: "manual" }, isPast: false };
}

/** A moment without a zone is UTC there. */
function momentOf(id: string, { at, atMs }: CronJob["schedule"]): number {
  const text = at === undefined || /(?:Z|[+-]\d\d:?\d\d)$/i.test(at) || !at.includes("T") ? at : `${at}Z`;
  const ms = atMs ?? Date.parse(text ?? "");
  if (Number.isFinite(ms)) return ms;
  throw new RoostError(
    "invalid_input",
    `the job "${id}" is due at "${at}", which is no moment: correct it there first`,
  );
}

/** Undefined: there is nothing that an agent could be told. */
function promptOf({ payload }: CronJob, notes: string[]): string | undefined {
  const prompt = payload.kind === "systemEvent" ? payload.text : payload.message;
  if (prompt !== undefined) return prompt;
  notes.push(`its payload of the kind "${payload.kind}" is not carried over: it is kept, disabled, without a prompt`);
  return undefined;
}

function timeoutOf({ payload }: CronJob, notes: string[]): { timeoutMs?: number } {
  const { timeoutSeconds } = payload;
  if (timeoutSeconds === undefined) return {};
  const wantedMs = timeoutSeconds <= 0 ? Infinity : Math.round(timeoutSeconds * 1000);
  const timeoutMs = Math.max(timeoutMsMin, Math.min(wantedMs, timeoutMsMax));
  if (timeoutMs !== wantedMs) notes.push(`its time limit of ${timeoutSeconds} s became ${timeoutMs / 1000} s`);
  return { timeoutMs };
}

/** Fields whose loss changes what the person sees or what it may do. */
function noteLosses(source: CronJob, notes: string[]): void {
  const { payload, delivery, sessionTarget, wakeMode } = source;
  const isDelivered = (delivery?.mode ?? "none") !== "none" || payload["deliver"] === true || source["notify"] === true;
  if (isDelivered) notes.push("where its result is sent to is not carried over: it comes to main's next digest");
  if (sessionTarget !== undefined && !["main", "isolated"].includes(sessionTarget))
    notes.push(`its session "${sessionTarget}" is not known here: each run is on its own`);
  if (wakeMode === "next-heartbeat" && sessionTarget === "main")
    notes.push("it does not wait for the next heartbeat: it runs when it is due");
  const lost = [
    ...["fallbacks", "thinking", "allowUnsafeExternalContent", "lightContext"].filter(
      (name) => payload[name] !== undefined && payload[name] !== false,
    ),
    ...["failureAlert", "trigger", "pacing", "toolsAllow"].filter((name) => source[name] != null),
    ...(source.description === undefined || source.description === "" ? [] : ["description"]),
  ];
  if (lost.length > 0) notes.push(`not carried over: ${lost.join(", ")}`);
}
