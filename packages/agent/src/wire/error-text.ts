// Finds the reason in the body of a refusal. OpenAI's form is one of many.

import { readLooseValue } from "../written/read-loose-value.ts";

/** Where servers put the reason, the most specific first. */
const reasonFields = [
  "message",
  "error",
  "detail",
  "errors",
  "error_description",
  "msg",
  "status_msg",
  "error_msg",
  "errormessage",
  "fault",
  "faultstring",
  "innererror",
  "description",
  "reason",
  "title",
  "err",
  "exception",
  "info",
  "statustext",
  "cause",
];
const depthMax = 5;
const charsMax = 2_000;

/** The reason in an error body, on one line; undefined when there is none. */
export function errorText(body: string): string | undefined {
  const text = body.trim();
  if (text === "") return undefined;
  const element = /^<.*?<(?:\w+:)?(?:message|faultstring|error_?description)\b[^>]*>\s*([^<]{1,1000})/is.exec(
    text,
  )?.[1];
  if (element !== undefined && !/^(<!doctype html|<html)/i.test(text)) return oneLine(element);
  if (/^(<!doctype|<html|<\?xml|<head|<body)/i.test(text)) return describePage(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return nested(text, 0);
  }
  return reasonIn(value) ?? oneLine(text);
}

/** The reason in a parsed error. */
export function reasonIn(value: unknown, depth = 0): string | undefined {
  if (typeof value === "string") return value.trim() === "" ? undefined : nested(value, depth);
  if (typeof value !== "object" || value === null || depth > depthMax) return undefined;
  if (Array.isArray(value)) {
    const reasons = value.slice(0, 3).flatMap((entry) => reasonIn(entry, depth + 1) ?? []);
    return reasons.length === 0 ? undefined : oneLine(reasons.join("; "));
  }
  const fields = Object.fromEntries(Object.entries(value).map(([name, each]) => [name.toLowerCase(), each]));
  for (const name of reasonFields) {
    const reason = reasonIn(fields[name], depth + 1);
    if (reason === undefined) continue;
    // A validator names the location separately.
    const place = Array.isArray(fields["loc"]) ? `${fields["loc"].join(".")}: ` : "";
    // A router repeats the upstream's reason beside its own "Provider returned error".
    const upstream = reasonIn((fields["metadata"] as { raw?: unknown } | undefined)?.raw, depth + 1);
    return oneLine(`${place}${reason}${upstream === undefined || reason.includes(upstream) ? "" : `: ${upstream}`}`);
  }
  // An envelope of its own.
  for (const each of Object.values(fields)) {
    const reason = typeof each === "object" ? reasonIn(each, depth + 1) : undefined;
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** Proxies quote the upstream's JSON inside a text, those in Python as Python prints it: `Error code: 400 - {'error': {'message': '…'}}`. */
function nested(text: string, depth: number): string {
  const at = depth > depthMax ? -1 : text.search(/(?<=^|[-:=]\s*b?['"]?)[[{](?=['"{])/);
  const read = at < 0 ? undefined : readLooseValue(text, at);
  const reason = read === undefined ? undefined : reasonIn(read.value, depth + 1);
  if (read === undefined || reason === undefined) return oneLine(text);
  return oneLine(`${text.slice(0, at).replace(/b?['"]$/, "")}${reason}${text.slice(read.end).replace(/^['"]/, "")}`);
}

export function describePage(text: string): string {
  const title = /<title[^>]*>([^<]{1,200})/i.exec(text)?.[1]?.trim();
  return `the server answered with a web page${title === undefined || title === "" ? "" : ` (“${oneLine(title)}”)`}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim().slice(0, charsMax).toWellFormed();
}
