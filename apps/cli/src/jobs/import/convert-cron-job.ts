/**
 * Converts an OpenClaw job to a Roost definition and notes what cannot be carried over. The same job always gives the same definition and id, so
 * that a repeated import changes nothing. No job is left out: one that cannot run here is kept, disabled.
 */
import { repairedLine, writeDurationMs } from "@roost/base";
import { plainLine } from "@roost/base/text-width";
import { clipText, everyMsMin, nameCharsMax, promptCharsMax, reasonCharsMax } from "@roost/contract/operations";
import { slugOf } from "../../import/found/slug-of.ts";
import type { WrittenJob } from "../read-job-files.ts";
import { convertTools } from "./convert-tools.ts";
import { unknownFields, type CronJob, type UnreadableJob } from "./cron-job.ts";
import { staggerOf } from "./stagger-of.ts";

export interface ConvertedJob {
  job: WrittenJob;
  /** Differences to report to the person. */
  notes: string[];
}

export interface ConvertOptions {
  nowMs: number;
  /** For crons that name none: the zone of the machine they ran on. */
  timeZone: string;
  /** A person named the zone: it holds for crons that were pinned to another one before, too. */
  isZoneGiven?: boolean;
  /** The agent that runs here what one there did; undefined where there is none. As it is there, if it is not given. */
  agentHere?: ((id: string) => string | undefined) | undefined;
  /** Its current definition here, if any. */
  here?: { trigger: WrittenJob["trigger"]; enabled: boolean } | undefined;
}

type Trigger = WrittenJob["trigger"];
type Notes = string[];

const fieldsCharsMax = 300;
const timeoutMsMax = 7 * 86_400_000;
const timeoutMsMin = 1_000;

/** The home's own heartbeat is a job of that id. */
const heartbeatId = "heartbeat";

export function jobIdHere(id: string): string {
  return slugOf(id, { taken: heartbeatId });
}

export function convertCronJob(source: CronJob, options: ConvertOptions): ConvertedJob {
  const notes: Notes = [];
  const { trigger, delayMs, isIdle = false } = convertSchedule(source, { ...options, notes });
  const prompt = promptOf(source, notes);
  const tools = convertTools(source, notes);
  const isGated = source["trigger"] != null;
  if (isGated) notes.push("a script decides there whether it runs, which cannot be imported: it is kept, disabled");
  noteLosses(source, notes);
  const agent = agentOf(source, options, notes);
  const isEnabled =
    (source.enabled ?? true) && prompt !== undefined && trigger.kind !== "manual" && !isIdle && !isGated;
  const job: WrittenJob = {
    id: jobIdHere(source.id),
    ...titled(source),
    ...describedAs(source, { isWhole: prompt !== undefined && trigger.kind !== "manual" }),
    ...(agent === undefined ? {} : { agent }),
    session: source.sessionTarget === "main" ? "main" : "cron",
    trigger,
    prompt: prompt ?? "",
    ...(delayMs === 0 ? {} : { delayMs }),
    ...timeoutOf(source, notes),
    ...(tools === undefined ? {} : { tools }),
    ...(!source.payload.model ? {} : { model: source.payload.model.slice(0, nameCharsMax) }),
    ...tellOf(source, notes),
    ...(isEnabled ? {} : { enabled: false }),
  };
  return { job, notes };
}

/** Keeps an unreadable job, disabled and with its reason, so that a person can fix it. */
export function keepUnreadable({ id, name, reason, text }: UnreadableJob, prompt = ""): ConvertedJob {
  return {
    job: {
      id: jobIdHere(id),
      ...titled({ name }),
      description: clipText(`Imported, but not readable: ${reason}. Original: ${text}`, reasonCharsMax),
      trigger: { kind: "manual" },
      prompt: clipText(prompt, promptCharsMax),
      enabled: false,
    },
    notes: [`${reason}: it is kept, disabled; fix it with roost jobs edit`],
  };
}

/** As there, where a job of an agent that is not there runs as the default one. */
function agentOf({ agentId }: CronJob, { agentHere = slugOf }: ConvertOptions, notes: Notes): string | undefined {
  if (agentId === undefined || agentId.trim() === "") return undefined;
  const agent = agentHere(agentId);
  if (agent === undefined) notes.push(`its agent "${agentId}" is neither there nor here: it runs as main`);
  return agent === "main" ? undefined : agent;
}

function titled({ name }: { name?: string | undefined }): { title?: string } {
  const title = repairedLine(clipText(plainLine(name ?? ""), nameCharsMax), nameCharsMax);
  return title === undefined ? {} : { title };
}

/** What cannot run here keeps its original, so that a person can rebuild it. */
function describedAs(source: CronJob, { isWhole }: { isWhole: boolean }): { description?: string } {
  const own = source.description?.trim() ?? "";
  const { payload, schedule } = source;
  const original = isWhole ? "" : `Imported, but not runnable here. Original: ${JSON.stringify({ schedule, payload })}`;
  const description = [own, original].filter((text) => text !== "").join("\n");
  return description === "" ? {} : { description: clipText(description, reasonCharsMax) };
}

interface ConvertedSchedule {
  trigger: Trigger;
  delayMs: number;
  /** Must not run as it is. */
  isIdle?: boolean;
}

function convertSchedule(source: CronJob, options: ConvertOptions & { notes: Notes }): ConvertedSchedule {
  const { schedule, createdAtMs } = source;
  const { notes } = options;
  const { kind, expr, everyMs, anchorMs } = schedule;
  const tz = schedule.tz?.trim() || undefined;
  if (kind === "cron" && expr !== undefined) {
    const timeZone = tz ?? zonePinned(options);
    if (tz === undefined) notes.push(`it has no time zone there: it runs in ${timeZone} (set with --time-zone)`);
    return { trigger: { kind, expression: expr, timeZone }, delayMs: staggerOf(source) };
  }
  if (kind === "every" && everyMs !== undefined && everyMs > 0) {
    const every = Math.max(everyMsMin, Math.round(everyMs));
    if (every !== everyMs) notes.push(`every ${writeDurationMs(everyMs)} became every ${writeDurationMs(every)}`);
    const anchor = anchorMs ?? createdAtMs;
    const at = anchor === undefined ? Number.NaN : new Date(anchor).getTime();
    return {
      trigger: { kind, every, anchor: Number.isNaN(at) ? undefined : new Date(at).toISOString() },
      delayMs: 0,
    };
  }
  if (kind === "at") return convertMoment(schedule, options);
  const why =
    kind === "cron"
      ? "its schedule has no cron expression"
      : kind === "every"
        ? `its schedule has no interval above 0${everyMs === undefined ? "" : ` (${everyMs} ms)`}`
        : `its schedule kind "${kind}" is not known here`;
  notes.push(`${why}: it is kept, disabled, and runs only on request`);
  return { trigger: { kind: "manual" }, delayMs: 0 };
}

/** An earlier import pinned the zone: another machine, or the same one on a journey, does not move the job. */
function zonePinned({ here, timeZone, isZoneGiven = false }: ConvertOptions): string {
  const before = here?.trigger.kind === "cron" ? here.trigger.timeZone : undefined;
  return isZoneGiven ? timeZone : (before ?? timeZone);
}

/** A past moment would fire at once here, unless the job is already enabled here for it. */
function convertMoment(
  { at, atMs }: CronJob["schedule"],
  { nowMs, here, notes }: ConvertOptions & { notes: Notes },
): ConvertedSchedule {
  const ms = atMs ?? momentOf(at?.trim() ?? "");
  if (!Number.isFinite(ms) || Number.isNaN(new Date(ms).getTime())) {
    notes.push(`its time "${at}" is not valid: it is kept, disabled`);
    return { trigger: { kind: "manual" }, delayMs: 0 };
  }
  const moment = new Date(ms).toISOString();
  const isKnown = here?.enabled === true && here.trigger.kind === "at" && Date.parse(here.trigger.at) === ms;
  const isIdle = ms <= nowMs && !isKnown;
  if (isIdle) notes.push("its time has passed: it is kept, disabled");
  return { trigger: { kind: "at", at: moment }, delayMs: 0, isIdle };
}

/** As there: digits alone count milliseconds, a date and time without a zone is UTC, all else is read as JavaScript does. */
function momentOf(text: string): number {
  if (/^\d{5,}$/.test(text)) return Number(text);
  const isInUtc = /^\d{4}-\d\d-\d\dT/.test(text) && !/(?:Z|[+-]\d\d:?\d\d)$/i.test(text);
  return Date.parse(isInUtc ? `${text}Z` : text);
}

/** Undefined when there is nothing to prompt an agent with. */
function promptOf({ payload }: CronJob, notes: Notes): string | undefined {
  const prompt = payload.kind === "systemEvent" ? payload.text : payload.message;
  if (prompt !== undefined && prompt.trim() !== "") return prompt;
  const lock = payload.kind === "command" ? "; for a command use your crontab with roost lock or roost once" : "";
  const why = prompt === undefined ? `its payload kind "${payload.kind}" cannot be imported` : "its message is empty";
  notes.push(`${why}: it is kept, disabled, without a prompt${lock}`);
  return undefined;
}

function timeoutOf({ payload }: CronJob, notes: Notes): { timeoutMs?: number } {
  const { timeoutSeconds } = payload;
  if (timeoutSeconds === undefined) return {};
  const wantedMs = timeoutSeconds <= 0 ? Infinity : Math.round(timeoutSeconds * 1000);
  const timeoutMs = Math.max(timeoutMsMin, Math.min(wantedMs, timeoutMsMax));
  if (timeoutMs !== wantedMs)
    notes.push(
      `its time limit of ${wantedMs === Infinity ? "0, which is none," : writeDurationMs(wantedMs)} became ${writeDurationMs(timeoutMs)}`,
    );
  return { timeoutMs };
}

/** A result sent to a channel there is sent to the same here, or becomes a notice; one without a recipient stays with main. */
function tellOf(
  { payload, delivery, ...source }: CronJob,
  notes: Notes,
): { tell?: "person"; deliver?: "telegram" | "webhook" | undefined } {
  const mode = delivery?.mode ?? (payload["deliver"] === true || source["notify"] === true ? "announce" : "none");
  if (mode === "none" || source.sessionTarget === "main") return {};
  const target = mode === "webhook" ? delivery?.["to"] : (delivery?.["channel"] ?? payload["channel"]);
  if (mode !== "webhook" && target === "telegram") {
    notes.push("its result was sent to telegram there: here it goes to your chat once one is bound (roost channels)");
    return { tell: "person", deliver: "telegram" };
  }
  const where = typeof target === "string" && target !== "last" ? ` to ${target}` : "";
  notes.push(`its result was sent${where} there: here it becomes a notice, and goes to the webhook where one is set`);
  return { tell: "person", deliver: mode === "webhook" ? "webhook" : undefined };
}

/** Fields whose loss changes what the person sees or what the job may do. */
function noteLosses(source: CronJob, notes: Notes): void {
  const { payload, sessionTarget, wakeMode } = source;
  if (sessionTarget !== undefined && !["main", "isolated"].includes(sessionTarget))
    notes.push(`its session "${sessionTarget}" is not known here: each run has its own session`);
  if (wakeMode === "next-heartbeat" && sessionTarget === "main")
    notes.push("it does not wait for the next heartbeat: it runs when it is due");
  if (source["deleteAfterRun"] === true)
    notes.push("it deletes itself there after its run: here it stays as finished until roost jobs remove");
  const lost = [
    ...["fallbacks", "thinking", "allowUnsafeExternalContent", "lightContext"].filter((name) => isSet(payload[name])),
    ...["sessionKey", "failureAlert", "pacing"].filter((name) => isSet(source[name])),
  ];
  if (lost.length > 0) notes.push(`not carried over: ${lost.join(", ")}`);
  const unknown = unknownFields(source);
  if (unknown.length > 0) notes.push(`unknown here: ${clipText(unknown.join(", "), fieldsCharsMax)}`);
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}
