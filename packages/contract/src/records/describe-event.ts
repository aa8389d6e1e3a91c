import { isJsonObject } from "@roost/base/browser";

const textCharsMax = 300;
/** Fields that describe an event, by priority. */
const telling = ["reason", "text", "title", "prompt", "message", "question", "path"] as const;
/** Fields that tell a person nothing: places in the log, ids and copies of whole definitions. */
const silent = /(?:Id|Ids|Hash|Key|Epoch|Ms|labels|definition|value|pid|host|by)$/;
const factsMax = 3;
const factCharsMax = 40;

export interface DescribedEvent {
  type: string;
  subject: string | null;
  data: Readonly<Record<string, unknown>>;
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

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}
