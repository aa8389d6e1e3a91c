import type { StoredEvent } from "@roost/kernel";

const textCharsMax = 300;
/** Fields that describe an event, by priority. */
const telling = ["reason", "text", "title", "name", "message", "question", "path"] as const;

/** Describes an event in one line. */
export function describeEvent(event: Pick<StoredEvent, "type" | "subject" | "data">): string {
  const { data, type } = event;
  const error = data["error"];
  const failure =
    typeof error === "object" && error !== null && !Array.isArray(error) && typeof error["message"] === "string"
      ? error["message"]
      : undefined;
  const named = telling.map((field) => data[field]).find((value) => typeof value === "string" && value !== "");
  const step = typeof data["name"] === "string" && type.startsWith("step.") ? data["name"] : undefined;
  const parts = [step, failure ?? (named === step ? undefined : named)].filter((part) => typeof part === "string");
  const detail = parts.length > 0 ? parts.join(": ") : (event.subject ?? "");
  return `${type} ${detail}`.replace(/\s+/g, " ").trim().slice(0, textCharsMax);
}
