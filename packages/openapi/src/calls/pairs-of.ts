/** Values in paths, queries, headers and forms, as OpenAPI's styles write them (OpenAPI 3.1, Style Values). */
import { isJsonObject, type JsonValue } from "@roost/base";

export interface Style {
  style?: string | undefined;
  explode?: boolean | undefined;
}

/** `simple`: a list with commas, an object as name,value. */
export function encodeSimple(value: JsonValue, encode: (text: string) => string, explode = false): string {
  if (Array.isArray(value)) return value.map((each) => encode(textOf(each))).join(",");
  if (!isJsonObject(value)) return encode(textOf(value));
  return Object.entries(value)
    .map(([name, each]) => `${encode(name)}${explode ? "=" : ","}${encode(textOf(each))}`)
    .join(",");
}

/** A query's or form's pairs for one field, not yet percent-encoded. */
export function pairsOf(
  name: string,
  value: JsonValue,
  { style = "form", explode = style === "form" }: Style,
): [string, string][] {
  if (style === "deepObject") return deepPairs(name, value);
  if (Array.isArray(value)) {
    // A list of objects has no form of its own in OpenAPI; servers read brackets.
    if (value.some((each) => typeof each === "object" && each !== null)) return deepPairs(name, value);
    if (explode) return value.map((each) => [name, textOf(each)]);
    const separator = style === "spaceDelimited" ? " " : style === "pipeDelimited" ? "|" : ",";
    return [[name, value.map(textOf).join(separator)]];
  }
  if (!isJsonObject(value)) return [[name, textOf(value)]];
  if (Object.values(value).some((each) => typeof each === "object" && each !== null)) return deepPairs(name, value);
  const entries = Object.entries(value).map(([key, each]): [string, string] => [key, textOf(each)]);
  return explode ? entries : [[name, entries.flat().join(",")]];
}

/** `a[b][0]=c`, as Rails, PHP and Stripe read it. */
export function deepPairs(name: string, value: JsonValue): [string, string][] {
  if (Array.isArray(value)) return value.flatMap((each, index) => deepPairs(`${name}[${index}]`, each));
  if (isJsonObject(value)) return Object.entries(value).flatMap(([key, each]) => deepPairs(`${name}[${key}]`, each));
  return [[name, textOf(value)]];
}

export function encodePairs(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
}

function textOf(value: JsonValue): string {
  if (value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
