import { isErrorCode, RoostError } from "@roost/base/browser";
import type { Problem } from "./problem.ts";
import { errorCodeOfStatus } from "./status-codes.ts";

/** Builds the error of a problem document, or of any other body with a failing status. */
export function fromProblem(status: number, body: unknown): RoostError {
  const fields = (typeof body === "object" && body !== null ? body : {}) as Partial<Problem>;
  const code = isErrorCode(fields.code) ? fields.code : errorCodeOfStatus(status);
  const detail = firstText(fields.detail, fields.title) ?? `the server answered with status ${status}`;
  const details: Record<string, unknown> = { ...(typeof fields.details === "object" ? fields.details : {}) };
  if (typeof fields.instance === "string") details["instance"] = fields.instance;
  return new RoostError(code, detail, { details: { ...details, status } });
}

function firstText(...texts: unknown[]): string | undefined {
  return texts.find((text): text is string => typeof text === "string" && text !== "");
}
