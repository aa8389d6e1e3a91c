/** Errors as OpenAI's API gives them, which its clients read. */
import { toRoostError, type ErrorCode } from "@roost/base";
import { httpStatusOf } from "@roost/contract/status-codes";
import type { ServerResponse } from "node:http";
import { sendJson } from "./send-whole.ts";

export interface OpenAiError {
  status: number;
  error: { message: string; type: string; param: string | null; code: string | null };
  /** When to try again, where that is known. */
  retryAfterS?: number | undefined;
}

const types: Readonly<Record<ErrorCode, string>> = {
  invalid_input: "invalid_request_error",
  unauthenticated: "invalid_request_error",
  forbidden: "invalid_request_error",
  not_found: "invalid_request_error",
  conflict: "invalid_request_error",
  limit_exceeded: "rate_limit_error",
  timeout: "server_error",
  unavailable: "server_error",
  internal: "server_error",
};

/** Of those that `details` may name: other rooms name types of other things there. */
const typesNamed: ReadonlySet<string> = new Set([...Object.values(types), "insufficient_quota", "requests"]);

const codes: Partial<Record<ErrorCode, string>> = { unauthenticated: "invalid_api_key" };

/** Of anything thrown; `details` of a RoostError may name `httpStatus`, `type`, `code`, `param` and `retryAfterS`. */
export function toOpenAiError(thrown: unknown): OpenAiError {
  const { code, message, details = {} } = toRoostError(thrown);
  const { type = "" } = details;
  const text = (name: string) => {
    const value = details[name];
    return typeof value === "string" ? value : undefined;
  };
  return {
    status: typeof details["httpStatus"] === "number" ? details["httpStatus"] : httpStatusOf(code),
    error: {
      message: code === "internal" ? "Roost failed: its log says why" : message,
      type: typeof type === "string" && typesNamed.has(type) ? type : types[code],
      param: text("param") ?? null,
      code: text("code") ?? codes[code] ?? null,
    },
    retryAfterS: typeof details["retryAfterS"] === "number" ? details["retryAfterS"] : undefined,
  };
}

/** Answers with an error, where nothing was answered yet. */
export function sendOpenAiError(response: ServerResponse, { status, error, retryAfterS }: OpenAiError): void {
  if (retryAfterS !== undefined) response.setHeader("retry-after", retryAfterS);
  sendJson(response, status, { error });
}
