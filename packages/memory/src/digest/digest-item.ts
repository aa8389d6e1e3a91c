/**
 * Describes an event in one line for a session, and whether it is news. Of untrusted content it says only what Roost wrote itself: who, when, how
 * long, and where the text is. Pure.
 */
import { isUntrusted, parseLabels, type Labels } from "@roost/contract/labels";
import { clipText } from "@roost/contract/operations";
import type { SessionKind, StoredEvent } from "@roost/kernel";
import { stripHeartbeatToken } from "@roost/agent/heartbeat";
import { mayKnow } from "../visibility/clearance.ts";
import type { Viewer } from "../visibility/viewer.ts";
import { classifyPath } from "../visibility/home-file-class.ts";
import { nameSources } from "../visibility/name-sources.ts";

/** The event types that a digest reads. */
export const digestTypes = [
  "run.done",
  "run.failed",
  "run.cancelled",
  "run.diverged",
  "run.outdated",
  "step.unknown",
  "budget.refused",
  "tick.missed",
  "job.defined",
  "job.changed",
  "job.paused",
  "job.resumed",
  "job.removed",
  "notice.raised",
  "question.asked",
  "question.answered",
  "file.edited",
  "file.written",
  "file.trusted",
  "fact.remembered",
] as const;

export interface DigestItem {
  at: Date;
  /** One line. */
  title: string;
  /** In full; a run's result may have to be fetched first (`needsOutput`). */
  text?: string;
  runId?: string;
  /** Subject: items of the same group without text are merged into one line. */
  group?: string;
  /** False: listed, but not worth attention. */
  isNews: boolean;
  /** The output was too long for the event: read it from the run. */
  needsOutput?: boolean;
  /** Whose result is read. */
  who?: string;
}

/** What is not told to a session: what it did itself, and what it may not know. */
export interface DigestReader extends Pick<Viewer, "clearance"> {
  sessionKey: string;
  sessionKind: SessionKind;
}

/** The item of an event; undefined for what the reader knows already, does not need or may not see. */
export function describeEvent(event: StoredEvent, reader: DigestReader, template?: string): DigestItem | undefined {
  const labels = parseLabels(event.labels);
  if (!mayKnow({ kind: reader.sessionKind, clearance: reader.clearance }, labels)) return undefined;
  const isMarked = isUntrusted(labels);
  const item =
    template === undefined ? describeKnown(event, reader, isMarked) : describeByTemplate(event, template, isMarked);
  if (item?.text === undefined || !isMarked) return item;
  const { text, ...rest } = item;
  return { ...rest, title: `${item.title} (${withheldText(text.length, labels, item.runId)})` };
}

/** "1200 characters that rest on content from web:example.com; read_run … shows them" */
export function withheldText(charCount: number | undefined, labels: Labels, runId: string | undefined): string {
  const size = charCount === undefined ? "a text that rests" : `${charCount} characters that rest`;
  const where = runId === undefined ? "read_log shows it" : `read_run ${runId} shows it`;
  return `${size} on content from ${nameSources(labels)}; ${where}`;
}

/** `isMarked`: no free text in the title. */
function describeKnown(event: StoredEvent, reader: DigestReader, isMarked: boolean): DigestItem | undefined {
  const { data } = event;
  if (data["sessionKey"] === reader.sessionKey) return undefined;
  const [topic] = event.type.split(".", 1);
  if (topic === "run") return describeRun(event, isMarked);
  if (topic === "job") return describeJob(event, isMarked);
  if (topic === "file") return describeFile(event, isMarked);
  return describeOther(event, reader, isMarked);
}

/** An event of a service, by the template of its contract. Untrusted content becomes text beside the title, never part of it. */
function describeByTemplate(
  { type, topic, time: at, data }: StoredEvent,
  template: string,
  isMarked: boolean,
): DigestItem {
  const text = oneLine(template.replaceAll(/\{(\w+)\}/g, (_match, field: string) => String(data[field] ?? "")));
  return isMarked
    ? { at, title: `${topic}: ${type}`, text, isNews: true }
    : { at, title: `${topic}: ${text}`, isNews: true };
}

function describeRun(event: StoredEvent, isMarked: boolean): DigestItem | undefined {
  const { data } = event;
  const kind = data["sessionKind"];
  // A child's result goes to its parent; a conversation's answers are read there.
  const isChild = data["parentRunId"] !== undefined || kind === "subagent";
  if (isChild || kind === "main" || kind === "channel") return undefined;
  const who = String(data["jobId"] ?? data["sessionKey"] ?? "a run");
  const base = { at: event.time, runId: String(data["runId"]), group: `${event.type} ${who}` };
  if (event.type === "run.done") return kind === "heartbeat" ? undefined : { ...base, ...describeDone(event, who) };
  const error = data["error"] as { message?: unknown; code?: unknown } | undefined;
  const said = event.type === "run.failed" ? error?.message : data["reason"];
  const why = isMarked ? error?.code : said;
  const verb = {
    "run.failed": "failed",
    "run.cancelled": "was cancelled",
    "run.diverged": "stopped: its replay differs from its record",
    "run.outdated": "stopped: its journal is of a program that is gone",
  }[event.type];
  return { ...base, title: `${who} ${verb}${why === undefined ? "" : `: ${oneLine(String(why))}`}`, isNews: true };
}

function describeDone(event: StoredEvent, who: string): Omit<DigestItem, "at"> {
  const { output } = event.data;
  if (output === undefined) return { title: `${who} finished`, who, isNews: true, needsOutput: true };
  return { title: `${who} finished`, ...toldOf(readOutput(output), who) };
}

/** Of a result: its text; of one that says nothing, or was only rehearsed, a line that says so. */
export function toldOf(
  { text, isRehearsed }: RunOutput,
  who: string,
): Pick<DigestItem, "text" | "isNews"> & { title?: string } {
  if (isRehearsed) return { title: `${who} was rehearsed: nothing was thought or done`, isNews: false };
  if (text === "") return { title: `${who} finished with nothing to report`, isNews: false };
  return { text, isNews: true };
}

export interface RunOutput {
  text: string;
  isRehearsed: boolean;
}

/** The result of an agent's run, without the words that mean silence. */
export function readOutput(output: unknown): RunOutput {
  if (typeof output === "string") return { text: spoken(output), isRehearsed: false };
  const fields = typeof output === "object" && output !== null ? (output as Record<string, unknown>) : {};
  const text = typeof fields["text"] === "string" ? fields["text"] : "";
  return { text: spoken(text), isRehearsed: fields["isRehearsed"] === true };
}

function spoken(text: string): string {
  const { text: rest } = stripHeartbeatToken(text, { mode: "message" });
  return /^[\s*`_]*NO_REPLY[\s*`_.]*$/.test(rest) ? "" : rest;
}

function describeJob(event: StoredEvent, isMarked: boolean): DigestItem {
  const { data } = event;
  const [, verb] = event.type.split(".");
  const reason = data["reason"] === undefined || isMarked ? "" : `: ${oneLine(String(data["reason"]))}`;
  const said = {
    defined: "was defined",
    changed: "was changed",
    paused: "was paused",
    resumed: "was resumed",
    removed: "was removed",
  }[verb ?? ""];
  return {
    at: event.time,
    title: `job ${String(data["jobId"])} ${said} by ${String(data["by"])}${reason}`,
    isNews: false,
  };
}

function describeFile(event: StoredEvent, isMarked: boolean): DigestItem {
  const { data } = event;
  const path = isMarked ? namedByRoost(String(data["path"])) : String(data["path"]);
  if (event.type === "file.written")
    return { at: event.time, title: path, group: `written by ${String(data["by"])}`, isNews: false };
  if (event.type === "file.trusted")
    return {
      at: event.time,
      title: `${path}: ${String(data["by"])} vouches for ${String(data["lineCount"])} lines`,
      isNews: false,
    };
  return { at: event.time, title: `${path} (${String(data["change"])})`, group: "edited outside", isNews: false };
}

/** A file name is text too: for a file written from outside content only its folder is named, unless Roost chose the name. */
export function namedByRoost(path: string): string {
  const { class: kind, jobId } = classifyPath(path);
  if (kind === "work") return `a file in work/${jobId}/`;
  return kind === "other" || kind === "skill" ? "a file (list_files with marked shows its name)" : path;
}

function describeOther(event: StoredEvent, reader: DigestReader, isMarked: boolean): DigestItem | undefined {
  const { data, time: at } = event;
  const runId = typeof data["runId"] === "string" ? { runId: data["runId"] } : {};
  switch (event.type) {
    case "step.unknown":
      return {
        at,
        ...runId,
        title: `the outcome of ${String(data["name"])} is unknown${isMarked ? "" : `: ${oneLine(String(data["reason"]))}`}. Find out before it is done again`,
        isNews: true,
      };
    case "budget.refused":
      return {
        at,
        ...runId,
        title: `the cap ${String(data["scope"])} refused a model call of ${String(data["jobId"] ?? data["agent"] ?? "a run")}`,
        group: `refused by ${String(data["scope"])}`,
        isNews: true,
      };
    case "tick.missed":
      return {
        at,
        title: `job ${String(data["jobId"])} missed ${String(data["missedCount"])} tick(s): ${oneLine(String(data["reason"]))}`,
        isNews: true,
      };
    case "notice.raised":
      return {
        at,
        ...runId,
        title: `notice (${String(data["level"])})`,
        text: String(data["text"]),
        // That a source of its own fails is the person's business: to think about it would mend nothing.
        isNews: reader.sessionKind !== "heartbeat" || data["source"] !== "heartbeat",
      };
    case "question.asked":
      return {
        at,
        ...runId,
        title: `${String(data["jobId"] ?? data["agent"] ?? "a run")} asks the person`,
        text: String(data["prompt"]),
        isNews: false,
      };
    case "question.answered":
      return {
        at,
        ...runId,
        title: `${String(data["by"])} answered the question of ${String(data["jobId"] ?? data["agent"] ?? "a run")}`,
        text: String(data["answer"]),
        isNews: true,
      };
    case "fact.remembered":
      return {
        at,
        ...runId,
        title: `${String(data["by"])} asks to remember`,
        text: String(data["text"]),
        isNews: true,
      };
    default:
      return undefined;
  }
}

const lineCharsMax = 300;

function oneLine(text: string): string {
  return clipText(text.trim().split(/\s+/).join(" ").replace(/\.$/, "").toWellFormed(), lineCharsMax);
}
