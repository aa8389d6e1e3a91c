// One HTTP request for a model: addresses are checked on connecting, redirects again, and size, time and redirects are limited. Knows no tools or
// runs.

import { formatDurationMs, RoostError } from "@roost/base";
import type { Response } from "undici";
import { checkedConnections, type ConnectionRules } from "./checked-connections.ts";
import { hostOf } from "./host-of.ts";

export interface GuardedRequest {
  url: string;
  method: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer> | undefined;
  /** Headers that no other origin may see, beside those that are known to be secret. */
  secretHeaders?: readonly string[];
}

export interface GuardedFetchOptions extends ConnectionRules {
  signal: AbortSignal;
  /** Whole request with redirects, in ms. */
  timeoutMsMax?: number;
  /** Bytes of the decompressed body; the rest is cut off, as the reply says. */
  bodyBytesMax?: number;
  /** Bytes of the request's body. */
  requestBytesMax?: number;
  redirectsMax?: number;
  /** Reads a body that is no text up to so many bytes, whole. Default: it is not read. */
  mediaBytesMax?: number;
  /** A redirect to another host is told, and not followed: what may be reached was decided for this host. */
  keepsHost?: boolean;
}

export interface GuardedReply {
  /** The last URL after redirects. */
  url: string;
  status: number;
  contentType: string;
  text: string;
  isTruncated: boolean;
  /** A body that is no text, with `mediaBytesMax`. */
  media?: Uint8Array<ArrayBuffer>;
}

export const guardedFetchLimits = {
  timeoutMsMax: 30_000,
  bodyBytesMax: 500_000,
  redirectsMax: 5,
  requestBytesMax: 1_000_000,
};

/** One request of a chain of redirects. */
type Hop = Omit<GuardedRequest, "url"> & { url: URL };

const redirectStatuses = new Set([301, 302, 303, 307, 308]);

/**
 * Performs the request and reads its text.
 *
 * @throws RoostError `invalid_input` (not an http URL, body too large), `forbidden` (address), `timeout`, `unavailable`,
 * `limit_exceeded` (redirects). `details.wasSent` says whether the request may have reached the server.
 */
export async function guardedFetch(request: GuardedRequest, options: GuardedFetchOptions): Promise<GuardedReply> {
  const timeoutMs = options.timeoutMsMax ?? guardedFetchLimits.timeoutMsMax;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([options.signal, timeout]);
  let current: Hop = { ...request, url: parseUrl(request.url) };
  // A redirect that continues as GET answers a request that was carried out.
  let wasCarriedOut = false;
  const { requestBytesMax, redirectsMax } = { ...guardedFetchLimits, ...options };
  const requestBytes = Buffer.byteLength(request.body ?? "");
  if (requestBytes > requestBytesMax)
    throw new RoostError(
      "invalid_input",
      `The request body has ${requestBytes} bytes, more than ${requestBytesMax}; send less`,
    );
  // Loaded by the first request: a start does not need its 109 modules.
  const { Agent: Dispatcher, fetch } = await import("undici");
  for (let hop = 0; hop <= redirectsMax; hop += 1) {
    const dispatcher = new Dispatcher(checkedConnections(current.url, options));
    try {
      const response = await fetch(current.url, {
        method: current.method,
        headers: current.headers ?? {},
        body: current.body ?? null,
        redirect: "manual",
        dispatcher,
        signal,
      });
      const location = response.headers.get("location");
      if (!redirectStatuses.has(response.status) || location === null) {
        return await readReply(response, current.url, options);
      }
      await response.body?.cancel();
      const { method } = current;
      const before = current.url;
      current = followRedirect(current, response.status, location);
      if (options.keepsHost === true && hostOf(current.url.href) !== hostOf(before.href))
        return { ...toldRedirect(current.url), url: before.href, status: response.status };
      wasCarriedOut ||= current.method !== method;
    } catch (error) {
      throw toRequestError(error, {
        url: current.url,
        timeoutMs,
        timedOut: timeout.aborted && !options.signal.aborted,
        wasCarriedOut,
      });
    } finally {
      void dispatcher.destroy();
    }
  }
  throw new RoostError(
    "limit_exceeded",
    `${current.url.host} redirects more than ${redirectsMax} times; give its last address instead`,
    { details: { wasSent: wasCarriedOut } },
  );
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new RoostError("invalid_input", `"${text.slice(0, 200)}" is not an http or https URL`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new RoostError(
      "invalid_input",
      `The URL of ${url.host} holds a user name or password; put credentials into settings, not into URLs`,
    );
  }
  return url;
}

/** RFC 9110 §15.4: 303, and 301/302 after POST, continue as GET; credentials are not sent to another origin. */
function followRedirect(from: Hop, status: number, location: string): Hop {
  const before = from.url;
  if (!URL.canParse(location, before.href))
    throw new RoostError(
      "invalid_input",
      `${before.host} redirects to "${location.slice(0, 200)}", which is not a URL`,
    );
  const url = parseUrl(new URL(location, before.href).href);
  const becomesGet = status === 303 || (status < 303 && from.method === "POST");
  const isElsewhere = url.hostname !== before.hostname || (before.protocol === "https:" && url.protocol === "http:");
  if (!becomesGet && from.method !== "GET" && isElsewhere)
    throw new RoostError(
      "forbidden",
      `${before.host} redirects this ${from.method} to ${url.origin}, for which it was not meant: call that address itself`,
    );
  const headers = Object.fromEntries(
    Object.entries(from.headers ?? {}).filter(
      ([name]) =>
        url.origin === before.origin ||
        !(/^(authorization|cookie|idempotency-key)$/i.test(name) || isSecret(name, from.secretHeaders)),
    ),
  );
  const { secretHeaders = [] } = from;
  if (becomesGet) return { url, method: "GET", headers, secretHeaders };
  return { url, method: from.method, headers, body: from.body, secretHeaders };
}

function toldRedirect({ href }: URL): Omit<GuardedReply, "url" | "status"> {
  const text = `This address leads to another host, which was not asked: ${href}\nAsk for that address itself.`;
  return { contentType: "text/plain", text, isTruncated: false };
}

function isSecret(name: string, secretHeaders: readonly string[] = []): boolean {
  return secretHeaders.some((each) => each.toLowerCase() === name.toLowerCase());
}

async function readReply(
  response: Response,
  url: URL,
  { bodyBytesMax = guardedFetchLimits.bodyBytesMax, mediaBytesMax }: GuardedFetchOptions,
): Promise<GuardedReply> {
  const contentType = response.headers.get("content-type") ?? "";
  const facts = { url: url.href, status: response.status, contentType };
  if (isText(contentType)) {
    const { bytes, isTruncated } = await readBody(response, bodyBytesMax);
    return { ...facts, text: new TextDecoder(charsetOf(contentType)).decode(bytes), isTruncated };
  }
  if (mediaBytesMax === undefined) {
    await response.body?.cancel();
    return { ...facts, text: `(${contentType} content, not text, is not shown)`, isTruncated: false };
  }
  const { bytes, isTruncated } = await readBody(response, mediaBytesMax);
  if (isTruncated)
    throw new RoostError("limit_exceeded", `${url.host} sends more than ${mediaBytesMax} bytes of ${contentType}`, {
      details: { wasSent: true },
    });
  return { ...facts, text: "", isTruncated, media: bytes };
}

async function readBody(response: Response, bytesMax: number) {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for await (const chunk of response.body ?? []) {
    const bytes = chunk as Uint8Array;
    chunks.push(bytes.subarray(0, bytesMax - byteCount));
    byteCount += bytes.byteLength;
    if (byteCount > bytesMax) break;
  }
  return { bytes: Buffer.concat(chunks), isTruncated: byteCount > bytesMax };
}

function isText(contentType: string): boolean {
  return contentType === "" || /^text\/|json|xml|javascript|x-www-form-urlencoded|yaml|csv/i.test(contentType);
}

function charsetOf(contentType: string): string {
  const charset = /charset="?([\w-]+)/i.exec(contentType)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(charset).encoding;
  } catch {
    return "utf-8";
  }
}

/** Errors that prove that no byte of the request was sent. */
const notSentCodes = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

function toRequestError(
  error: unknown,
  at: { url: URL; timeoutMs: number; timedOut: boolean; wasCarriedOut: boolean },
): RoostError {
  const cause = (error as { cause?: unknown }).cause;
  const refusal = error instanceof RoostError ? error : cause instanceof RoostError ? cause : undefined;
  if (refusal !== undefined) {
    if (!at.wasCarriedOut) return refusal;
    return new RoostError(refusal.code, refusal.message, { cause: error, details: { wasSent: true } });
  }
  const code = (cause as { code?: string } | undefined)?.code ?? "";
  const wasSent = at.wasCarriedOut || !notSentCodes.has(code);
  if (at.timedOut) {
    return new RoostError("timeout", `${at.url.host} did not answer within ${formatDurationMs(at.timeoutMs)}`, {
      cause: error,
      details: { wasSent: true },
    });
  }
  const reason = cause instanceof Error ? cause.message : error instanceof Error ? error.message : String(error);
  return new RoostError("unavailable", `${at.url.host} could not be reached: ${reason}`, {
    cause: error,
    details: { wasSent },
  });
}
