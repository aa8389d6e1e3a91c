/** Labels that records of an answer say of themselves, in a field `labels`: an answer is of several origins, and each part says its own. */
import { isJsonObject, type JsonValue } from "@roost/base/browser";
import { findUnreadable, isUntrusted, joinLabels, parseLabels, type Labels } from "./labels.ts";

const depthMax = 40;

/** Joined; undefined: no record says any. Texts that are no labels are a field of another meaning. */
export function labelsWithin(answer: unknown, depth = 0): Labels | undefined {
  if (typeof answer !== "object" || answer === null || depth > depthMax) return undefined;
  const found = Object.entries(answer).flatMap(
    ([key, value]) => (key === "labels" ? readLabels(value) : undefined) ?? labelsWithin(value, depth + 1) ?? [],
  );
  return found.length === 0 ? undefined : joinLabels(...found);
}

/** The answer without records that are from outside: gone from lists, with what they stood in alone, and null elsewhere. */
export function withoutUntrusted(answer: JsonValue): JsonValue {
  return keep(answer) ?? null;
}

function keep(value: JsonValue): JsonValue | undefined {
  if (Array.isArray(value)) return value.flatMap((each) => keepItem(each) ?? []);
  if (!isJsonObject(value)) return value;
  const own = readLabels(value["labels"]);
  if (own !== undefined && isUntrusted(own)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, keep(each) ?? null]));
}

function keepItem(item: JsonValue): JsonValue | undefined {
  const kept = keep(item);
  const isEmptied = isJsonObject(kept) && Object.values(kept).every((each) => each === null || isEmptyList(each));
  return isEmptied ? undefined : kept;
}

function isEmptyList(value: JsonValue): boolean {
  return Array.isArray(value) && value.length === 0;
}

function readLabels(value: unknown): Labels | undefined {
  const isTexts = Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string");
  return isTexts && findUnreadable(value) === undefined ? parseLabels(value) : undefined;
}
