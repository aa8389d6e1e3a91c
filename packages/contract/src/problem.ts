/**
 * Errors on the wire: problem documents of RFC 9457. What went wrong inside the
 * server stays in its log; the document names the place in the log instead.
 */
import { errorCodes, type ErrorCode, type RoostError } from "@roost/base";
import { z } from "zod";
import { httpStatusOf } from "./status-codes.ts";

/** Of an internal error: what is stored cannot be shown; its message says which fields. */
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
    instance: z.string().describe("URI of this occurrence; the server's log has it too"),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: "Problem", description: "A problem document as in RFC 9457" });

export type Problem = z.infer<typeof Problem>;

const titles: Readonly<Record<ErrorCode, string>> = {
  invalid_input: "The input is wrong",
  unauthenticated: "Who is calling is not known",
  forbidden: "The caller may not do this",
  not_found: "There is no such thing",
  conflict: "It is in another state than the request assumes",
  limit_exceeded: "A limit is reached",
  timeout: "It took too long",
  unavailable: "It cannot be reached at the moment",
  internal: "The server failed",
};

export interface ProblemOptions {
  /** URI of this occurrence. */
  instance: string;
  /** A finer status than the code's own, where HTTP has one (405, 413, 415). */
  status?: number | undefined;
}

export function toProblem(error: RoostError, options: ProblemOptions): Problem {
  const isInternal = error.code === "internal";
  const problem: Problem = {
    type: `urn:roost:problem:${error.code.replaceAll("_", "-")}`,
    title: titles[error.code],
    status: options.status ?? httpStatusOf(error.code),
    detail: isInternal ? describeInternal(error, options.instance) : error.message,
    code: error.code,
    instance: options.instance,
  };
  const details = isInternal ? undefined : plainDetails(error.details);
  if (details !== undefined) problem.details = details;
  return problem;
}

/** Of what went wrong inside only that a stored row cannot be shown is told, by its fields: the row belongs to who asks. */
function describeInternal({ message, details }: RoostError, instance: string): string {
  return details?.["reason"] === unreadableReason ? message : `the server failed; its log says why under ${instance}`;
}

/** What of the details JSON can hold; `httpStatus` is for the answer's status line alone. */
function plainDetails(details: Record<string, unknown> | undefined): Record<string, unknown> | undefined {
  if (details === undefined) return undefined;
  const { httpStatus: _, ...rest } = details;
  if (Object.keys(rest).length === 0) return undefined;
  try {
    return JSON.parse(JSON.stringify(rest)) as Record<string, unknown>;
  } catch {
    return undefined; // A circle or a bigint: the error must reach the caller all the same.
  }
}
