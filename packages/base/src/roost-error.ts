/**
 * Roost's operating error with its closed list of codes, and the conversion of anything thrown. HTTP statuses and exit codes are mapped from the
 * code in @roost/contract.
 */

/** Every code of an operating error. A new one also needs a status and an exit code. */
export const errorCodes = [
  "invalid_input",
  "unauthenticated",
  "forbidden",
  "not_found",
  "conflict",
  "limit_exceeded",
  "timeout",
  "unavailable",
  "internal",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** Codes that mean nothing was done: a refusal comes before any effect. */
export const refusalCodes: ReadonlySet<ErrorCode> = new Set([
  "invalid_input",
  "unauthenticated",
  "forbidden",
  "not_found",
  "conflict",
  "limit_exceeded",
]);

export interface RoostErrorOptions {
  cause?: unknown;
  /** Facts for programs. They can reach a client: no secrets. */
  details?: Record<string, unknown> | undefined;
}

/** An operating error. The message names the value, the limit and what to do next, without a final period. */
export class RoostError extends Error {
  readonly code: ErrorCode;
  readonly details?: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, options: RoostErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "RoostError";
    this.code = code;
    if (options.details !== undefined) this.details = options.details;
  }

  /** Whether the same request may succeed later without a change. */
  get retryable(): boolean {
    return this.code === "timeout" || this.code === "unavailable";
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return (errorCodes as readonly unknown[]).includes(value);
}

const unreachableCodes: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_SOCKET",
]);

const timeoutCodes: ReadonlySet<unknown> = new Set([
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);

/** Limit of a chain of causes, which may be circular. */
const causeDepthMax = 5;

/**
 * Converts anything thrown to a RoostError. A RoostError stays itself; an abort or a time limit becomes `timeout`, an unreachable peer
 * `unavailable`, the rest
 * `internal`. The original is kept as `cause`.
 */
export function toRoostError(thrown: unknown): RoostError {
  if (thrown instanceof RoostError) return thrown;
  const message = messageOf(thrown);
  return new RoostError(codeOf(thrown), message, { cause: thrown });
}

function codeOf(thrown: unknown): ErrorCode {
  let current = thrown;
  for (let depth = 0; depth < causeDepthMax; depth += 1) {
    if (!(current instanceof Error)) break;
    if (current.name === "AbortError" || current.name === "TimeoutError") return "timeout";
    const systemCode = (current as { code?: unknown }).code;
    if (timeoutCodes.has(systemCode)) return "timeout";
    if (unreachableCodes.has(systemCode)) return "unavailable";
    current = current.cause;
  }
  return "internal";
}

function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `something that is not an error was thrown: ${printable(thrown)}`;
  // An AggregateError of refused connections has an empty message.
  const own = thrown.message || (thrown as { code?: unknown }).code || thrown.name;
  const cause = thrown.cause instanceof Error && thrown.message === "fetch failed" ? messageOf(thrown.cause) : "";
  return cause === "" ? String(own) : `${String(own)}: ${cause}`;
}

function printable(value: unknown): string {
  try {
    return typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  } catch {
    return typeof value;
  }
}
