/** Errors on the wire: problem documents of RFC 9457. Details of internal errors stay in the server's log; the document refers to the entry. */
import { errorCodes, momentsIn, type ErrorCode, type RoostError } from "@roost/base";
import { z } from "zod";
import { httpStatusOf } from "./status-codes.ts";

/** Internal error: a stored row cannot be shown; its message names the fields. */
export const unreadableReason = "unreadable";

export const problemMediaType = "application/problem+json";

/** RFC 9457, with `code` and `details` as extension members. */
export const Problem = z
  .object({
    type: z.string().describe("URI of the kind of problem"),
    title: z.string().describe("The kind of problem in words"),
    status: z.number().int().min(400).max(599),
    detail: z.string().describe("This occurrence: the value, the limit, what to do next"),
    code: z.enum(errorCodes),
    instance: z.string().describe("URI of this occurrence, also in the server's log"),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: "Problem", description: "A problem document as in RFC 9457" });

export type Problem = z.infer<typeof Problem>;

const titles: Readonly<Record<ErrorCode, string>> = {
  invalid_input: "The input is invalid",
  unauthenticated: "The caller is not authenticated",
  forbidden: "The caller is not allowed to do this",
  not_found: "It was not found",
  conflict: "It is not in the state that the request assumes",
  limit_exceeded: "A limit was reached",
  timeout: "It took too long",
  unavailable: "It is temporarily unavailable",
  internal: "The server failed",
};

/** Instead of the database's own words, which name its tables and types: a handler let them through. */
const databaseDetails: Readonly<Partial<Record<ErrorCode, string>>> = {
  invalid_input: "a value of the request has not the form in which it is stored: check its ids, numbers and dates",
  conflict: "it conflicts with what is stored: read that again",
  limit_exceeded: "it is more than the database takes at once",
  timeout: "the database took too long: try again",
  unavailable: "the database is not available: try again, or see roost doctor",
};

export interface ProblemOptions {
  /** URI of this occurrence. */
  instance: string;
  /** A more precise status than the code's, where HTTP has one (405, 413, 415). */
  status?: number | undefined;
  /** Of the person who reads it: moments are told in it. Default: as they are written, in UTC. */
  timeZone?: string | undefined;
}

export function toProblem(error: RoostError, options: ProblemOptions): Problem {
  const isInternal = error.code === "internal";
  const text = (isOfDatabase(error) ? databaseDetails[error.code] : undefined) ?? error.message;
  const told = options.timeZone === undefined ? text : momentsIn(text, options.timeZone);
  const problem: Problem = {
    type: `urn:roost:problem:${error.code.replaceAll("_", "-")}`,
    title: titles[error.code],
    status: options.status ?? httpStatusOf(error.code),
    detail: isInternal ? describeInternal(error, options.instance) : told,
    code: error.code,
    instance: options.instance,
  };
  const details = isInternal ? undefined : plainDetails(error.details);
  if (details !== undefined) problem.details = details;
  return problem;
}

/** Its words and details are the database's, by its SQLSTATE. */
export function isOfDatabase({ details }: RoostError): boolean {
  return details?.["sqlState"] !== undefined;
}

/** Internal details are withheld, except the fields of a stored row that cannot be shown: the row belongs to the caller. */
function describeInternal({ message, details }: RoostError, instance: string): string {
  return details?.["reason"] === unreadableReason
    ? message
    : `the server failed; its log has the reason under ${instance}`;
}

/** The details that JSON can hold; `httpStatus` is for the status line only, and what the database names stays with it. */
function plainDetails(details: Record<string, unknown> | undefined): Record<string, unknown> | undefined {
  if (details === undefined) return undefined;
  const { httpStatus: _, sqlState, ...all } = details;
  const { constraint: _constraint, table: _table, ...own } = all;
  const rest = sqlState === undefined ? all : own;
  if (Object.keys(rest).length === 0) return undefined;
  try {
    return JSON.parse(JSON.stringify(rest)) as Record<string, unknown>;
  } catch {
    return undefined; // A circular value or a bigint: the error must still reach the caller.
  }
}
