/** What is wrong with a value, in words: where it breaks its schema, and which fields the schema does not name. */
import { describeIssue, formatPath } from "@roost/base/browser";
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
