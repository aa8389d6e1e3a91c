/** Says an event in a line of words, for the console, the command line and answers about causes. Pure; what a digest tells agents is elsewhere. */
import { formatDurationMs, isJsonObject } from "@roost/base/browser";

const textCharsMax = 300;
/** Fields that describe an event, by priority. */
const telling = ["reason", "text", "title", "prompt", "message", "question", "path"] as const;
/** Fields that tell a person nothing: places in the log, ids and copies of whole definitions. */
const silent = /(?:Id|Ids|Hash|Key|Epoch|Ms|labels|definition|value|pid|host|by)$/;
/** What events say whose data is not a sentence by itself, of the fields that they have. */
const phrases: Readonly<Record<string, (data: DescribedEvent["data"]) => (string | undefined)[]>> = {
  "run.started": ({ attempt }) => [
    typeof attempt === "number" && attempt > 1 ? `attempt ${attempt}` : "a worker took it",
  ],
  "run.created": ({ reason }) => [tellReason(textOf(reason) ?? "")].filter((text) => text !== ""),
  "run.waiting": ({ kind, until, eventType }) => [
    waits[String(kind)],
    kind === "time" ? textOf(until)?.slice(0, 16).replace("T", " ").concat(" UTC") : textOf(eventType),
  ],
  "run.resumed": () => ["it goes on"],
  "run.done": ({ tokens, costUsd, durationMs }) => [
    typeof durationMs === "number" ? `in ${formatDurationMs(durationMs)}` : undefined,
    countOf(tokens, "token"),
    moneyOf(costUsd),
  ],
  "run.retrying": ({ attempt, attemptsMax }) => [`attempt ${String(attempt)} of ${String(attemptsMax)} failed`],
  "step.done": ({ name, costUsd }) => [textOf(name), moneyOf(costUsd)],
  "job.defined": ({ jobVersion }) => [jobVersion === 1 ? "for the first time" : versionOf(jobVersion)],
  "state.changed": ({ name, stateVersion }) => [textOf(name), versionOf(stateVersion)],
  "tick.fired": ({ lateMs, missedCount }) => [
    typeof lateMs === "number" && lateMs >= 1_000 ? `${formatDurationMs(lateMs)} late` : "in time",
    countOf(missedCount, "moment before was missed", "moments before were missed"),
  ],
  "tick.missed": ({ missedCount, reason }) => [countOf(missedCount, "moment"), textOf(reason)],
  "notice.delivered": ({ target }) => [textOf(target)?.replace(/^/, "to ")],
  "message.received": ({ text }) => [textOf(text)],
  "token.created": ({ name, kind }) => [textOf(name), textOf(kind)],
  "approval.granted": ({ tool }) => [textOf(tool)],
  "approval.used": ({ tool }) => [textOf(tool)],
  "question.answered": ({ answer }) => [textOf(answer)],
  "lock.acquired": ({ purpose }) => [textOf(purpose)],
};
function versionOf(value: unknown): string | undefined {
  return typeof value === "number" ? `version ${value}` : undefined;
}

const waits: Readonly<Record<string, string>> = {
  time: "until",
  event: "for an event",
  person: "for your answer",
  child: "for a run that it started",
  retry: "to be tried again",
  resolution: "for you to say whether it happened",
  slot: "until another run has ended",
  rate: "until its rate allows it",
};
const factsMax = 3;
const factCharsMax = 40;

export interface DescribedEvent {
  type: string;
  subject: string | null;
  data: Readonly<Record<string, unknown>>;
}

/** Why a run was started, as its owner reads it: "started by you", not by the name that a record has for them. */
export function tellReason(reason: string): string {
  return reason.replace(/\bperson:owner\b/, "you").replace(/ from console$/, " from the console");
}

/** Says an event in one line: its type, then what happened. */
export function describeEvent(event: DescribedEvent): string {
  return `${event.type} ${describeEventData(event)}`.trim();
}

/** What happened, without the type: the failure or what was said, else a few facts of the data. */
export function describeEventData({ type, subject, data }: DescribedEvent): string {
  const { error, name } = data;
  const step = typeof name === "string" && (type.startsWith("step.") || subject === null) ? name : undefined;
  const failure = isJsonObject(error) ? textOf(error["message"]) : undefined;
  const phrase = failure === undefined ? phrases[type]?.(data).filter((part) => part !== undefined) : undefined;
  if (phrase !== undefined && phrase.length > 0)
    return phrase
      .join(phrase[0] === "until" ? " " : ", ")
      .replaceAll(/\s+/g, " ")
      .trim()
      .slice(0, textCharsMax);
  const told = failure ?? telling.map((field) => textOf(data[field])).find((text) => text !== undefined);
  const parts = [step, told].filter((part) => part !== undefined);
  const detail = parts.length > 0 ? parts.join(": ") : factsOf(data, subject);
  return (detail || (subject ?? "")).replaceAll(/\s+/g, " ").trim().slice(0, textCharsMax);
}

function factsOf(data: DescribedEvent["data"], subject: string | null): string {
  const facts = Object.entries(data).flatMap(([key, value]) => {
    if (silent.test(key) || value === subject || value === null || typeof value === "object") return [];
    const text = String(value);
    if (value === false || text === "" || text.length > factCharsMax) return [];
    return [value === true ? words(key) : `${words(key)} ${text}`];
  });
  return facts.slice(0, factsMax).join(", ");
}

/** `missedCount` as `missed count`. */
function words(key: string): string {
  return key.replaceAll(/([a-z])([A-Z])/g, (_all, before: string, upper: string) => `${before} ${upper.toLowerCase()}`);
}

function countOf(value: unknown, one: string, many = `${one}s`): string | undefined {
  if (typeof value !== "number" || value === 0) return undefined;
  return `${value.toLocaleString("en")} ${value === 1 ? one : many}`;
}

function moneyOf(value: unknown): string | undefined {
  return typeof value === "number" && value > 0 ? `$${value.toFixed(3)}` : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}
