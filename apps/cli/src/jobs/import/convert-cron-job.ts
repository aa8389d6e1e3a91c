/**
 * What Roost makes of a job of an OpenClaw home, and what of it it cannot carry over. The same job gives the same definition under the
 * same id each time, so that importing again changes nothing. A job is never left out: what cannot run here is kept, disabled.
 */
import { createHash } from "node:crypto";
import { everyMsMin, nameCharsMax, promptCharsMax, reasonCharsMax } from "@roost/contract/operations";
import type { WrittenJob } from "../read-job-files.ts";
import { convertTools } from "./convert-tools.ts";
import type { CronJob, UnreadableJob } from "./cron-job.ts";
import { staggerOf } from "./stagger-of.ts";

export interface ConvertedJob {
  job: WrittenJob;
  /** What is different here, for the person. */
  notes: string[];
}

export interface ConvertOptions {
  nowMs: number;
  /** Of crons that name none: that of the machine on which they ran. */
  timeZone: string;
  /** Its definition here, if it has one. */
  here?: { trigger: WrittenJob["trigger"]; enabled: boolean } | undefined;
}

type Trigger = WrittenJob["trigger"];
type Notes = string[];

const slugPattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const slugCharsMax = 50;
const timeoutMsMax = 7 * 86_400_000;
const timeoutMsMin = 1_000;

export function convertCronJob(source: CronJob, options: ConvertOptions): ConvertedJob {
  const notes: Notes = [];
  const { trigger, delayMs, isIdle = false } = convertSchedule(source, { ...options, notes });
  const prompt = promptOf(source, notes);
  const tools = convertTools(source, notes);
  const isGated = source["trigger"] != null;
  if (isGated) notes.push("a script there decides whether it runs, which is not carried over: it is kept, disabled");
  noteLosses(source, notes);
  const agent = source.agentId;
  if (agent !== undefined && !slugPattern.test(agent))
    notes.push(`its agent "${agent}" cannot be called so here: it runs as main`);
  const isEnabled =
    (source.enabled ?? true) && prompt !== undefined && trigger.kind !== "manual" && !isIdle && !isGated;
  const job: WrittenJob = {
    id: slugOf(source.id),
    ...titled(source),
    ...(source.description === undefined || source.description.trim() === ""
      ? {}
      : { description: clip(source.description, reasonCharsMax) }),
    ...(agent === undefined || !slugPattern.test(agent) ? {} : { agent }),
    session: source.sessionTarget === "main" ? "main" : "cron",
    trigger,
    prompt: prompt ?? "",
    ...(delayMs === 0 ? {} : { delayMs }),
    ...timeoutOf(source, notes),
    ...(tools === undefined ? {} : { tools }),
    ...(source.payload.model === undefined ? {} : { model: source.payload.model.slice(0, nameCharsMax) }),
    ...tellOf(source, notes),
    ...(isEnabled ? {} : { enabled: false }),
  };
  return { job, notes };
}

/** A job that cannot be read, there or here: kept disabled with its reason, so that it is seen and can be put right. */
export function keepUnreadable({ id, name, reason, text }: UnreadableJob, prompt = ""): ConvertedJob {
  return {
    job: {
      id: slugOf(id),
      ...titled({ name }),
      description: clip(`Imported, but not readable: ${reason}. As it stands there: ${text}`, reasonCharsMax),
      trigger: { kind: "manual" },
      prompt: clip(prompt, promptCharsMax),
      enabled: false,
    },
    notes: [`${reason}: it is kept, disabled, and roost jobs edit puts it right`],
  };
}

function titled({ name }: { name?: string | undefined }): { title?: string } {
  const title = name === undefined ? "" : clip(name, nameCharsMax).trim();
  return title === "" ? {} : { title };
}

function clip(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`;
}

/** Its own id where that is allowed here; else something like it that no other id comes to. */
export function slugOf(id: string): string {
  if (slugPattern.test(id)) return id;
  const readable = id
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, slugCharsMax);
  const hash = createHash("sha256").update(id).digest("hex").slice(0, 8);
  return readable === "" ? `job-${hash}` : `${readable}-${hash}`;
}

interface ConvertedSchedule {
  trigger: Trigger;
  delayMs: number;
  /** It must not run as it is. */
  isIdle?: boolean;
}

function convertSchedule(source: CronJob, options: ConvertOptions & { notes: Notes }): ConvertedSchedule {
  const { schedule, createdAtMs } = source;
  const { notes, timeZone } = options;
  const { kind, expr, everyMs, anchorMs, tz } = schedule;
  if (kind === "cron" && expr !== undefined) {
    if (tz === undefined) notes.push(`it has no time zone there: it runs in ${timeZone} (--time-zone)`);
    return { trigger: { kind, expression: expr, timeZone: tz ?? timeZone }, delayMs: staggerOf(source) };
  }
  if (kind === "every" && everyMs !== undefined) {
    const every = Math.max(everyMsMin, Math.round(everyMs));
    if (every !== everyMs) notes.push(`every ${everyMs} ms became every ${every} ms`);
    const anchor = anchorMs ?? createdAtMs;
    const at = anchor === undefined ? Number.NaN : new Date(anchor).getTime();
    return {
      trigger: { kind, every, ...(Number.isNaN(at) ? {} : { anchor: new Date(at).toISOString() }) },
      delayMs: 0,
    };
  }
  if (kind === "at") return convertMoment(schedule, options);
  notes.push(`its schedule of the kind "${kind}" is not known here: it is kept, disabled, and runs when told to`);
  return { trigger: { kind: "manual" }, delayMs: 0 };
}

/** A moment without a zone is UTC there. One that has passed would fire at once here, unless it is the one for which the job is enabled here. */
function convertMoment(
  { at, atMs }: CronJob["schedule"],
  { nowMs, here, notes }: ConvertOptions & { notes: Notes },
): ConvertedSchedule {
  const text = at === undefined || /(?:Z|[+-]\d\d:?\d\d)$/i.test(at) || !at.includes("T") ? at : `${at}Z`;
  const ms = atMs ?? Date.parse(text ?? "");
  if (!Number.isFinite(ms) || Number.isNaN(new Date(ms).getTime())) {
    notes.push(`it is due at "${at}", which is no moment: it is kept, disabled`);
    return { trigger: { kind: "manual" }, delayMs: 0 };
  }
  const moment = new Date(ms).toISOString();
  const isKnown = here?.enabled === true && here.trigger.kind === "at" && Date.parse(here.trigger.at) === ms;
  const isIdle = ms <= nowMs && !isKnown;
  if (isIdle) notes.push("its moment has passed: it is kept, disabled");
  return { trigger: { kind: "at", at: moment }, delayMs: 0, isIdle };
}

/** Undefined: there is nothing that an agent could be told. */
function promptOf({ payload }: CronJob, notes: Notes): string | undefined {
  const prompt = payload.kind === "systemEvent" ? payload.text : payload.message;
  if (prompt !== undefined && prompt.trim() !== "") return prompt;
  notes.push(`its payload of the kind "${payload.kind}" is not carried over: it is kept, disabled, without a prompt`);
  return undefined;
}

function timeoutOf({ payload }: CronJob, notes: Notes): { timeoutMs?: number } {
  const { timeoutSeconds } = payload;
  if (timeoutSeconds === undefined) return {};
  const wantedMs = timeoutSeconds <= 0 ? Infinity : Math.round(timeoutSeconds * 1000);
  const timeoutMs = Math.max(timeoutMsMin, Math.min(wantedMs, timeoutMsMax));
  if (timeoutMs !== wantedMs) notes.push(`its time limit of ${timeoutSeconds} s became ${timeoutMs / 1000} s`);
  return { timeoutMs };
}

/** What was sent to a channel reaches the person as a notice here; what was for nobody stays with main. */
function tellOf({ payload, delivery, ...source }: CronJob, notes: Notes): { tell?: "person" } {
  const mode = delivery?.mode ?? (payload["deliver"] === true || source["notify"] === true ? "announce" : "none");
  if (mode === "none" || source.sessionTarget === "main") return {};
  const channel = delivery?.["channel"] ?? payload["channel"];
  const where = typeof channel === "string" && channel !== "last" ? ` to ${channel}` : "";
  notes.push(`its result was sent${where} there: here it comes as a notice, and to the webhook where one is set`);
  return { tell: "person" };
}

/** Fields whose loss changes what the person sees or what it may do. */
function noteLosses(source: CronJob, notes: Notes): void {
  const { payload, sessionTarget, wakeMode } = source;
  if (sessionTarget !== undefined && !["main", "isolated"].includes(sessionTarget))
    notes.push(`its session "${sessionTarget}" is not known here: each run is on its own`);
  if (wakeMode === "next-heartbeat" && sessionTarget === "main")
    notes.push("it does not wait for the next heartbeat: it runs when it is due");
  if (source["deleteAfterRun"] === true)
    notes.push("it deletes itself there once it has run: here it stays as finished until roost jobs remove");
  const lost = [
    ...["fallbacks", "thinking", "allowUnsafeExternalContent", "lightContext"].filter((name) => isSet(payload[name])),
    ...["sessionKey", "failureAlert", "pacing"].filter((name) => isSet(source[name])),
  ];
  if (lost.length > 0) notes.push(`not carried over: ${lost.join(", ")}`);
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}
