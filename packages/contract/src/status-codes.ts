/** Maps an error's code to an HTTP status and an exit code, and a status back to a code when a server gave none. */
import type { ErrorCode } from "@roost/base/browser";

const httpStatuses: Readonly<Record<ErrorCode, number>> = {
  invalid_input: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  limit_exceeded: 429,
  internal: 500,
  unavailable: 503,
  timeout: 504,
};

/** Of `unavailable` at a gateway that is not on the home's machine, where that takes it: no other answer has it, and nothing was done. */
export const leftToHomeStatus = 501;

/** From sysexits(3) where it fits; all below 128, so that they are never taken for a signal. */
const exitCodes: Readonly<Record<ErrorCode, number>> = {
  invalid_input: 64,
  not_found: 66,
  unavailable: 69,
  internal: 70,
  conflict: 73,
  timeout: 75,
  limit_exceeded: 76,
  unauthenticated: 77,
  forbidden: 79,
};

export function httpStatusOf(code: ErrorCode): number {
  return httpStatuses[code];
}

export function exitCodeOf(code: ErrorCode): number {
  return exitCodes[code];
}

/** The error code that a program of Roost ended with; undefined for other exit codes. */
export function errorCodeOfExit(exitCode: number | null): ErrorCode | undefined {
  return Object.entries(exitCodes).find(([, known]) => known === exitCode)?.[0] as ErrorCode | undefined;
}

/** The code of an HTTP answer that has only a status. */
export function errorCodeOfStatus(status: number): ErrorCode {
  for (const [code, known] of Object.entries(httpStatuses)) {
    if (known === status) return code as ErrorCode;
  }
  if (status === 408) return "timeout";
  if (status === 413) return "limit_exceeded";
  if (status === 502 || status === leftToHomeStatus) return "unavailable";
  return status >= 400 && status < 500 ? "invalid_input" : "internal";
}
