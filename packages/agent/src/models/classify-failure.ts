// Classifies a failed model call: whether another provider or a later time may succeed, and whether the prompt was too long. Knows nothing of
// cool-downs.

import { APICallError } from "@ai-sdk/provider";
import { RoostError, toRoostError, type ErrorCode } from "@roost/base";
import { reasonIn } from "../wire/error-text.ts";
import { meantStatus } from "./meant-status.ts";
import { readContextComplaint } from "./read-context-complaint.ts";

export interface ModelFailure {
  code: ErrorCode;
  /** HTTP status, if there was one. */
  status?: number | undefined;
  message: string;
  /** Whether another provider, or this one later, may succeed with the same prompt. */
  isRetryable: boolean;
  retryAfterMs?: number | undefined;
  isContextExceeded: boolean;
  /** The context size that the provider reported. */
  contextTokensMax?: number | undefined;
  /** No byte came within the limit. */
  isSilence?: boolean;
  /** False when the provider refused before doing any work, so that nothing was billed. */
  mayHaveBilled: boolean;
}

const messageCharsMax = 500;
const retryAfterMsMax = 24 * 3_600_000;

export function classifyFailure(thrown: unknown, options: { nowMs: number; secrets?: string[] }): ModelFailure {
  const status = statusOf(thrown);
  const body = bodyOf(thrown);
  const message = tidyMessage(messageOf(thrown, body), status, options.secrets ?? []);
  const complaint = readContextComplaint(status, `${message}\n${body}`);
  const meant = meantStatus(status, `${message}\n${body}`);
  const base = {
    message,
    isContextExceeded: complaint !== undefined,
    mayHaveBilled: status === undefined && !isConnectFailure(thrown),
    status: meant,
  };
  if (complaint !== undefined) return { ...base, ...complaint, code: "invalid_input", isRetryable: false };
  const retryAfterMs =
    retryAfterOf(thrown, options.nowMs) ?? (meant === 429 ? retryAfterIn(`${message}\n${body}`) : undefined);
  const retryAfter = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (meant !== undefined) return { ...base, ...retryAfter, ...meaningOf(meant) };
  // One of our own limits: no provider would do better.
  if (ownErrorIn(thrown)?.code === "limit_exceeded") return { ...base, code: "limit_exceeded", isRetryable: false };
  const { code, details } = ownErrorIn(thrown) ?? toRoostError(thrown);
  if (details?.["status"] === 404) return { ...base, status: 404, ...meaningOf(404) };
  if (details?.["isSilence"] === true) return { ...base, code, isRetryable: true, isSilence: true };
  // Not an HTTP answer: a broken connection or an unreadable reply; another provider may do better.
  return { ...base, ...retryAfter, code: code === "internal" ? "unavailable" : code, isRetryable: true };
}

function meaningOf(status: number): { code: ErrorCode; isRetryable: boolean } {
  if (status === 401) return { code: "unauthenticated", isRetryable: true };
  if (status === 402) return { code: "limit_exceeded", isRetryable: true };
  if (status === 403) return { code: "forbidden", isRetryable: true };
  if (status === 404) return { code: "not_found", isRetryable: true };
  if (status === 408 || status === 504) return { code: "timeout", isRetryable: true };
  if (status === 409 || status === 425 || status === 429 || status >= 500)
    return { code: "unavailable", isRetryable: true };
  return { code: "invalid_input", isRetryable: false };
}

function statusOf(thrown: unknown): number | undefined {
  if (APICallError.isInstance(thrown)) {
    // 2xx with an unreadable body is the connection's fault, not the request's.
    return thrown.statusCode !== undefined && thrown.statusCode >= 400 ? thrown.statusCode : undefined;
  }
  // Errors inside a stream have the status in `code` or `status`.
  if (typeof thrown !== "object" || thrown === null) return undefined;
  const { code, status } = thrown as { code?: unknown; status?: unknown };
  const number = Number(typeof status === "number" ? status : code);
  return Number.isInteger(number) && number >= 400 && number <= 599 ? number : undefined;
}

function bodyOf(thrown: unknown): string {
  if (APICallError.isInstance(thrown)) return (thrown.responseBody ?? "").slice(0, 20_000);
  if (thrown instanceof Error || typeof thrown !== "object" || thrown === null) return "";
  return JSON.stringify(thrown).slice(0, 20_000);
}

function messageOf(thrown: unknown, body: string): string {
  if (typeof thrown === "string") return thrown;
  if (isBrokenConnection(thrown)) return "the connection broke before the reply was complete";
  const own = ownErrorIn(thrown);
  if (own !== undefined) return own.message;
  if (!(thrown instanceof Error)) return reasonIn(thrown) ?? body;
  const message: unknown = thrown.message;
  if (typeof message === "string" && message !== "") {
    if (/^type validation failed/i.test(message)) return "a part of the reply has an unknown form";
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause.message : "";
    return cause === "" || message.includes(cause) ? message : `${message}: ${cause}`;
  }
  return body;
}

function tidyMessage(message: string, status: number | undefined, secrets: string[]): string {
  let text = message.replace(/\s+/g, " ").trim();
  for (const secret of secrets) if (secret.length >= 4) text = text.replaceAll(secret, "[hidden]");
  if (text === "") text = status === undefined ? "no reason given" : "the server gave no reason";
  const shown = text.length > messageCharsMax ? `${text.slice(0, messageCharsMax)}…` : text;
  return status === undefined ? shown : `HTTP ${status}: ${shown}`;
}

/** An error and its causes: packages wrap what happened, the innermost is the relevant one. */
function causesOf(thrown: unknown): (Error & { code?: unknown })[] {
  const errors: Error[] = [];
  for (let current = thrown; current instanceof Error && errors.length < 6; current = current.cause)
    errors.push(current);
  return errors;
}

/** What Roost itself found wrong with the reply, beneath what a package made of it. */
function ownErrorIn(thrown: unknown): RoostError | undefined {
  return causesOf(thrown).find((error) => error instanceof RoostError);
}

const brokenCodes: readonly unknown[] = ["ECONNRESET", "UND_ERR_SOCKET", "EPIPE"];
const connectCodes: readonly unknown[] = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"];

/** What Node and the packages report when a socket closes. */
function isBrokenConnection(thrown: unknown): boolean {
  return causesOf(thrown).some(({ code, message }) => brokenCodes.includes(code) || message === "terminated");
}

function isConnectFailure(thrown: unknown): boolean {
  return causesOf(thrown).some(({ code }) => connectCodes.includes(code));
}

/** `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), or `retry-after-ms`. */
function retryAfterOf(thrown: unknown, nowMs: number): number | undefined {
  if (!APICallError.isInstance(thrown)) return undefined;
  const headers = thrown.responseHeaders ?? {};
  const milliseconds = Number(headers["retry-after-ms"] ?? NaN);
  if (Number.isFinite(milliseconds)) return clamp(milliseconds);
  const text = headers["retry-after"]?.trim();
  if (text === undefined || text === "") return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return clamp(Number(text) * 1000);
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : clamp(date - nowMs);
}

/** Where no header tells it: Google's `retryDelay`, or a sentence such as "Please try again in 1m2.5s". */
function retryAfterIn(text: string): number | undefined {
  const found =
    /"retryDelay":\s*"(?<seconds>[\d.]+)s"|(?:try again|retry) (?:in|after) (?:(?<hours>\d+)h)?(?:(?<minutes>\d+)m(?!s))?(?:(?<late>[\d.]+) ?(?<unit>ms|s(?:ec(?:ond)?s?)?)\b)?/i.exec(
      text.replaceAll('\\"', '"'),
    )?.groups;
  if (found === undefined) return undefined;
  const { seconds, hours = 0, minutes = 0, late = 0, unit } = found;
  const rest = Number(seconds ?? late) * (unit?.toLowerCase() === "ms" ? 1 : 1000);
  const ms = Math.ceil(Number(hours) * 3_600_000 + Number(minutes) * 60_000 + rest);
  return ms > 0 ? clamp(ms) : undefined;
}

function clamp(ms: number): number {
  return Math.min(Math.max(0, ms), retryAfterMsMax);
}
