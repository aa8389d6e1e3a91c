/** What one event means to somebody who was not there, in a line, and whether it is news. Pure. */
import type { StoredEvent } from "@roost/kernel";
import { stripHeartbeatToken } from "@roost/agent/heartbeat";

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
  "fact.remembered",
] as const;

export interface DigestItem {
  at: Date;
  /** One line. */
  title: string;
  /** In full; a result of a run may have to be fetched first (`needsOutput`). */
  text?: string;
  runId?: string;
  /** Of whom it is said: items of the same group and without text are told as one line. */
  group?: string;
  /** False: it is told, but nobody has to think about it. */
  isNews: boolean;
  isUntrusted?: boolean;
  /** The output was too long for the event: it is in the run. */
  needsOutput?: boolean;
}

/** What is not told to a session: what it did itself. */
export interface DigestReader {
  sessionKey: string;
  sessionKind: string;
}

/** The item that an event becomes; undefined for what the reader knows or need not know. */
export function describeEvent(event: StoredEvent, reader: DigestReader, template?: string): DigestItem | undefined {
  const { data } = event;
  if (template !== undefined) return describeByTemplate(event, template);
  if (data["sessionKey"] === reader.sessionKey) return undefined;
  const [topic] = event.type.split(".", 1);
  if (topic === "run") return describeRun(event);
  if (topic === "job") return describeJob(event);
  if (topic === "file") return describeFile(event);
  return describeOther(event);
}

/** An event of a service, in the words of its contract. What nobody vouches for is text beside the title, never part of it. */
function describeByTemplate({ type, topic, time: at, data, labels }: StoredEvent, template: string): DigestItem {
  const text = oneLine(template.replaceAll(/\{(\w+)\}/g, (_match, field: string) => String(data[field] ?? "")));
  const isTrusted = labels.includes("trust:agent") || labels.includes("trust:owner");
  return isTrusted
    ? { at, title: `${topic}: ${text}`, isNews: true }
    : { at, title: `${topic}: ${type}`, text, isNews: true, isUntrusted: true };
}

function describeRun(event: StoredEvent): DigestItem | undefined {
  const { data } = event;
  const kind = data["sessionKind"];
  // A child's result reaches its parent; a conversation's answers are read in it.
  if (data["parentRunId"] !== undefined || kind === "main" || kind === "channel") return undefined;
  const who = String(data["jobId"] ?? data["sessionKey"] ?? "a run");
  const base = { at: event.time, runId: String(data["runId"]), group: `${event.type} ${who}` };
  if (event.type === "run.done") return kind === "heartbeat" ? undefined : { ...base, ...describeDone(event, who) };
  const why =
    event.type === "run.failed" ? (data["error"] as { message?: unknown } | undefined)?.message : data["reason"];
  const verb = {
    "run.failed": "failed",
    "run.cancelled": "was cancelled",
    "run.diverged": "stopped: its replay differs from its record",
    "run.outdated": "stopped: its journal is of a program that is gone",
  }[event.type];
  return { ...base, title: `${who} ${verb}${why === undefined ? "" : `: ${oneLine(String(why))}`}`, isNews: true };
}

function describeDone(
  event: StoredEvent,
  who: string,
): Pick<DigestItem, "title" | "text" | "isNews" | "isUntrusted" | "needsOutput"> {
  const { output } = event.data;
  if (output === undefined) return { title: `${who} finished`, isNews: true, isUntrusted: true, needsOutput: true };
  const result = readOutput(output);
  if (result.text === "") return { title: `${who} finished with nothing to report`, isNews: false };
  const title = `${who} finished${result.isRehearsed ? " (rehearsed: nothing was thought or done)" : ""}`;
  return { title, text: result.text, isNews: true, ...(result.isUntrusted && { isUntrusted: true }) };
}

export interface RunResult {
  text: string;
  isUntrusted: boolean;
  isRehearsed: boolean;
}

/** What a run of an agent came to: its text without the words that mean silence. */
export function readOutput(output: unknown): RunResult {
  if (typeof output === "string") return { text: spoken(output), isUntrusted: false, isRehearsed: false };
  const fields = typeof output === "object" && output !== null ? (output as Record<string, unknown>) : {};
  const text = typeof fields["text"] === "string" ? fields["text"] : "";
  return { text: spoken(text), isUntrusted: fields["isTainted"] === true, isRehearsed: fields["isRehearsed"] === true };
}

function spoken(text: string): string {
  const { text: rest } = stripHeartbeatToken(text, { mode: "message" });
  return /^[\s*`_]*NO_REPLY[\s*`_.]*$/.test(rest) ? "" : rest;
}

function describeJob(event: StoredEvent): DigestItem {
  const { data } = event;
  const [, verb] = event.type.split(".");
  const reason = data["reason"] === undefined ? "" : `: ${oneLine(String(data["reason"]))}`;
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

function describeFile(event: StoredEvent): DigestItem {
  const { data } = event;
  const path = String(data["path"]);
  if (event.type === "file.written")
    return { at: event.time, title: path, group: `written by ${String(data["by"])}`, isNews: false };
  return { at: event.time, title: `${path} (${String(data["change"])})`, group: "edited outside", isNews: false };
}

function describeOther(event: StoredEvent): DigestItem | undefined {
  const { data, time: at } = event;
  const runId = typeof data["runId"] === "string" ? { runId: data["runId"] } : {};
  switch (event.type) {
    case "step.unknown":
      return {
        at,
        ...runId,
        title: `the outcome of ${String(data["name"])} is unknown: ${oneLine(String(data["reason"]))}. Find out before it is done again`,
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
      return { at, ...runId, title: `notice (${String(data["level"])})`, text: String(data["text"]), isNews: true };
    case "question.asked":
      return {
        at,
        ...runId,
        title: `${String(data["jobId"] ?? data["agent"] ?? "a run")} asks the person`,
        text: String(data["text"]),
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
        isUntrusted: data["sessionKind"] !== "main",
      };
    default:
      return undefined;
  }
}

function oneLine(text: string): string {
  const line = text.trim().split(/\s+/).join(" ").replace(/\.$/, "");
  return line.length <= 300 ? line : `${line.slice(0, 299).toWellFormed()}…`;
}
