/** What is wrong with a value, in words: where it breaks its schema, and which fields the schema does not name. */
import type { z } from "zod";
import { findUnknownFields } from "./unknown-fields.ts";

export interface Issue {
  path: string;
  message: string;
}

export const issuesMax = 10;

/** Each complaint begins with its path; nothing when the value is valid and has no other field. */
export function listComplaints(schema: z.ZodType, value: unknown): string[] {
  const parsed = schema.safeParse(value);
  return formatIssues(parsed.success ? listUnknown(value, parsed.data) : listIssues(parsed.error));
}

export function formatIssues(issues: readonly Issue[]): string[] {
  return issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
}

export function listUnknown(given: unknown, parsed: unknown): Issue[] {
  return findUnknownFields(given, parsed, issuesMax).map((path) => ({ path, message: "unknown field" }));
}

/** Issues of a zod error as path and message; the parts of a union that came closest are named. */
export function listIssues(error: z.core.$ZodError): Issue[] {
  return error.issues
    .slice(0, issuesMax)
    .map((issue) => ({ path: formatPath(issue.path), message: describeIssue(issue) }));
}

export function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") return `unknown field ${issue.keys.slice(0, issuesMax).join(", ")}`;
  if (issue.code === "invalid_type") return sayType(issue.expected, issue.message);
  if (issue.code === "invalid_format" && issue.format === "datetime")
    return "must be a date and time that exists, like 2026-03-01T07:30:00Z";
  if (issue.code === "invalid_value" && issue.values.length > 1) return `must be one of ${issue.values.join(", ")}`;
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue.message;
  const closest = issue.errors.toSorted((one, other) => one.length - other.length)[0] ?? [];
  const parts = closest.slice(0, 3).map((inner) => {
    const path = formatPath(inner.path);
    return path === "" ? describeIssue(inner) : `${path}: ${describeIssue(inner)}`;
  });
  return parts.length === 0 ? issue.message : `${issue.message} (closest: ${parts.join("; ")})`;
}

const typesInWords: Readonly<Record<string, string>> = {
  object: "keys and values",
  record: "keys and values",
  array: "a list",
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

function sayType(expected: string, message: string): string {
  const wanted = typesInWords[expected];
  const received = /, received (\w+)$/.exec(message)?.[1] ?? "";
  if (received === "undefined") return "is missing";
  if (wanted === undefined) return message;
  return typesInWords[received] === undefined
    ? `must be ${wanted}`
    : `must be ${wanted}, not ${typesInWords[received]}`;
}

export function formatPath(path: readonly PropertyKey[]): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else text += text === "" ? String(key) : `.${String(key)}`;
  }
  return text;
}
