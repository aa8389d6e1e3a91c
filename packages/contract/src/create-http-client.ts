/**
 * An HTTP client. Errors are the RoostError that the server threw. Answers are not validated, so that a newer server may send more fields. Retries
 * nothing, except that streams reconnect.
 */
import { formatDurationMs, limitBytes, RoostError, storableRule, toRoostError } from "@roost/base/browser";
import type { CallOptions, Client, ClientOf } from "./client.ts";
import type { Content } from "./content.ts";
import type { AnyOperation } from "./define-operation.ts";
import type { StreamItem } from "./handlers.ts";
import { readHttpStream, type ReconnectOptions } from "./http-stream.ts";
import { fromProblem } from "./from-problem.ts";

export { fromProblem } from "./from-problem.ts";
import { readChunks } from "./read-chunks.ts";
import { toQuery } from "./query-values.ts";

export type { CallOptions, Client, ClientOf };

/** The default time limit of an answer. */
export const timeoutMsDefault = 90_000;
/** The longest answer that is read. */
export const answerBytesMax = 64 * 1024 * 1024;

export interface HttpClientOptions {
  /** Prefix of the operations' paths: "http://127.0.0.1:7717/api/v1". */
  baseUrl: string;
  /** Sent as a bearer token. */
  token?: string | undefined;
  /** Replaces the global `fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
  timeoutMs?: number;
  /** How streams reconnect. */
  reconnect?: Partial<ReconnectOptions>;
}

/** Uses only the addresses and methods of the contract, not its schemas. */
export function createHttpClient<const Ops extends readonly AnyOperation[]>(
  { operations }: { readonly operations: Ops },
  options: HttpClientOptions,
): Client<Ops> {
  const client: Record<string, unknown> = {};
  for (const operation of operations) {
    const call = operation.stream ? openStream : callOperation;
    client[operation.id] = (given: Record<string, unknown> = {}, callOptions: CallOptions = {}) =>
      call(operation, given, callOptions, options);
  }
  return client as Client<Ops>;
}

/** What of an operation says where and how to ask. */
export type CallableOperation = Pick<
  AnyOperation,
  "id" | "method" | "path" | "stream" | "contentField" | "answersContent"
>;

/** The items of one operation that is a stream. */
export function openStream(
  operation: CallableOperation,
  given: Record<string, unknown>,
  callOptions: CallOptions,
  options: HttpClientOptions,
): AsyncGenerator<StreamItem<unknown>> {
  return readHttpStream({
    what: operation.id,
    signal: callOptions.signal,
    reconnect: callOptions.reconnect ?? options.reconnect,
    onPlace: callOptions.onPlace,
    connect: (signal, lastId) => send(operation, given, { ...callOptions, signal }, options, lastId),
  });
}

/** One call of one operation that is no stream. @throws the server's error, or `unavailable` when there is no server */
export async function callOperation(
  operation: CallableOperation,
  given: Record<string, unknown>,
  callOptions: CallOptions,
  options: HttpClientOptions,
): Promise<unknown> {
  const timeoutMs = callOptions.timeoutMs ?? options.timeoutMs ?? timeoutMsDefault;
  const timeout = AbortSignal.timeout(Math.ceil(timeoutMs));
  const signal = callOptions.signal === undefined ? timeout : AbortSignal.any([callOptions.signal, timeout]);
  try {
    const response = await send(operation, given, { ...callOptions, signal }, options);
    return await readAnswer(operation, response);
  } catch (thrown) {
    if (callOptions.signal?.aborted === true) throw callOptions.signal.reason;
    if (timeout.aborted) {
      throw new RoostError(
        "timeout",
        `${operation.id} got no answer from ${options.baseUrl} within ${formatDurationMs(timeoutMs)}`,
        {
          cause: thrown,
        },
      );
    }
    throw toRoostError(thrown);
  }
}

/** @throws the server's error, or unavailable when it cannot be reached */
async function send(
  operation: CallableOperation,
  given: Record<string, unknown>,
  callOptions: CallOptions,
  options: HttpClientOptions,
  lastId?: string,
): Promise<Response> {
  const request = buildRequest(operation, given, options.baseUrl);
  const accepted = operation.stream
    ? ["text/event-stream"]
    : (operation.answersContent?.mediaTypes ?? ["application/json"]);
  const headers = new Headers({ accept: [...accepted, "application/problem+json"].join(", ") });
  if (request.mediaType !== undefined) headers.set("content-type", request.mediaType);
  if (options.token !== undefined) headers.set("authorization", `Bearer ${options.token}`);
  if (callOptions.idempotencyKey !== undefined) headers.set("idempotency-key", callOptions.idempotencyKey);
  if (callOptions.traceparent !== undefined) headers.set("traceparent", callOptions.traceparent);
  if (lastId !== undefined) headers.set("last-event-id", lastId);

  const fetch = options.fetch ?? globalThis.fetch;
  const init: RequestInit = { method: operation.method, headers, redirect: "error" };
  if (request.body !== undefined) init.body = request.body;
  if (callOptions.signal !== undefined) init.signal = callOptions.signal;
  let response: Response;
  try {
    response = await fetch(request.url, init);
  } catch (thrown) {
    const error = toRoostError(thrown);
    if (error.code !== "unavailable") throw error;
    throw new RoostError("unavailable", `${options.baseUrl} cannot be reached (${error.message}): is it running?`, {
      cause: thrown,
    });
  }
  if (response.ok) return response;
  throw fromProblem(response.status, await readProblemBody(response));
}

/** Where a call that only reads is made, with its input: for who follows a link. @throws RoostError `invalid_input` */
export function addressOfCall(
  operation: CallableOperation,
  given: Record<string, unknown>,
  options: Pick<HttpClientOptions, "baseUrl">,
): string {
  return buildRequest(operation, given, options.baseUrl).url;
}

function buildRequest(
  operation: CallableOperation,
  given: Record<string, unknown>,
  baseUrl: string,
): { url: string; body?: string | Uint8Array<ArrayBuffer>; mediaType?: string } {
  const rest = { ...given };
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_match, name: string) => {
    const value = rest[name];
    delete rest[name];
    if (value === undefined || value === null || value === "") {
      throw new RoostError(
        "invalid_input",
        `${operation.id} needs ${name}, but it is ${value === "" ? "empty" : String(value)}`,
      );
    }
    if (value === "." || value === "..") throw new RoostError("invalid_input", `${name} cannot be "${value}"`);
    const text = String(value);
    if (!text.isWellFormed()) throw new RoostError("invalid_input", `${name}: ${storableRule}`);
    return encodeURIComponent(text);
  });
  const base = baseUrl.replace(/\/+$/, "");
  requireBelow(base, path, operation);
  const { contentField, method } = operation;
  if (contentField === undefined && method !== "GET" && method !== "DELETE")
    return { url: base + path, body: JSON.stringify(rest), mediaType: "application/json" };
  const { bytes, mediaType } = (rest[contentField ?? ""] ?? {}) as Partial<Content>;
  delete rest[contentField ?? ""];
  const query = toQuery(rest).toString();
  const url = base + path + (query === "" ? "" : `?${query}`);
  return bytes === undefined || mediaType === undefined ? { url } : { url, body: bytes, mediaType };
}

/** Addresses are shortened when they are sent: a path of another maker's document must not lead out of its service. */
function requireBelow(base: string, path: string, operation: CallableOperation): void {
  if (!URL.canParse(base) || new URL(base + path).href.startsWith(new URL(`${base}/`).href)) return;
  throw new RoostError("invalid_input", `${operation.id} cannot be called: its path ${operation.path} leads elsewhere`);
}

async function readAnswer(operation: CallableOperation, response: Response): Promise<unknown> {
  if (operation.answersContent === undefined) return readJson(operation, response);
  const mediaType = response.headers.get("content-type") ?? "application/octet-stream";
  const name = /filename\*=UTF-8''([^;]+)/.exec(response.headers.get("content-disposition") ?? "")?.[1];
  const filename = name === undefined ? undefined : decodeURIComponent(name);
  return { mediaType, bytes: await readBytes(response, answerBytesMax), filename } satisfies Content;
}

async function readJson(operation: CallableOperation, response: Response): Promise<unknown> {
  if (response.status === 204) return null;
  const text = await readText(response, answerBytesMax);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RoostError("internal", `${operation.id} got an answer that is not JSON: ${text.slice(0, 200)}`, {
      cause,
    });
  }
}

async function readProblemBody(response: Response): Promise<unknown> {
  try {
    return JSON.parse(await readText(response, 1024 * 1024));
  } catch {
    return undefined; // Not a problem document: the status must do.
  }
}

async function readText(response: Response, bytesMax: number): Promise<string> {
  return new TextDecoder().decode(await readBytes(response, bytesMax));
}

async function readBytes(response: Response, bytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
  if (response.body === null) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let byteCount = 0;
  const refuse = () =>
    new RoostError("limit_exceeded", `the answer is longer than ${bytesMax} bytes: request less at a time`);
  for await (const part of limitBytes(readChunks(response.body), { bytesMax, refuse })) {
    byteCount += part.byteLength;
    parts.push(part);
  }
  const bytes = new Uint8Array(byteCount);
  let place = 0;
  for (const part of parts) {
    bytes.set(part, place);
    place += part.byteLength;
  }
  return bytes;
}
