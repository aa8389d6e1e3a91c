/** Forwards a request to an instance of a service, in the caller's name, and streams the answer back. */
import { RoostError, type Clock, type Logger } from "@roost/base";
import { readBytes, type Principal } from "@roost/contract";
import type { Signer } from "../signing/open-signer.ts";
import { callHeader, signCall } from "./sign-call.ts";
import type { CalledInstance, CalledService } from "./service-directory.ts";

export interface ForwardOptions {
  directory: { find(name: string): Promise<CalledService> };
  signer: Signer;
  clock: Clock;
  logger: Logger;
}

export interface ForwardedCall {
  service: string;
  /** Path and query within the service. */
  path: string;
  principal: Principal;
  request: Request;
}

/** Headers that authenticate the caller to the gateway are not for the service; the others belong to one connection. */
const dropped = [
  "authorization",
  "cookie",
  "connection",
  "keep-alive",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
  "content-length",
  "expect",
  callHeader,
];

/** @throws RoostError `not_found` for an unknown service, `unavailable` when it is not running (`details.isNotSent`) */
export type ForwardCall = (call: ForwardedCall) => Promise<Response>;

export function createForwardCall(options: ForwardOptions): ForwardCall {
  const { directory, logger } = options;
  let turn = 0;
  return async (call) => {
    const { instances, title, reason, refusal } = await directory.find(call.service);
    if (refusal !== undefined) throw refusal;
    const body = await bodyOf(call.request);
    // Instances take turns in being first.
    turn += 1;
    const first = turn % Math.max(1, instances.length);
    for (const instance of [...instances.slice(first), ...instances.slice(0, first)]) {
      try {
        return await ask(instance, { ...call, body }, options);
      } catch (error) {
        if (!isNotSent(error)) throw unreachable(title, error);
        logger.debug("an instance of a service does not answer", { service: call.service, url: instance.url, error });
      }
    }
    throw new RoostError("unavailable", `${title} is not running${reason === null ? "" : `: ${reason}`}`, {
      details: { isNotSent: true },
    });
  };
}

async function ask(
  instance: CalledInstance,
  { path, principal, request, body }: ForwardedCall & { body: Uint8Array<ArrayBuffer> | undefined },
  { signer, clock }: ForwardOptions,
): Promise<Response> {
  const { method } = request;
  const headers = new Headers(request.headers);
  for (const name of dropped) headers.delete(name);
  headers.set(
    callHeader,
    await signCall(signer, { instance: instance.id, method, path, principal, headers, body }, clock),
  );
  const init: RequestInit = { method, headers, redirect: "manual", signal: request.signal };
  if (body !== undefined) init.body = body;
  const response = await fetch(instance.url + path, init);
  const kept = new Headers(response.headers);
  for (const name of [
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-encoding",
    "content-length",
    "set-cookie",
    // The console's origin is the gateway's: its policy is not a service's to set.
    "content-security-policy",
    "service-worker-allowed",
    "clear-site-data",
  ])
    kept.delete(name);
  return new Response(response.body, { status: response.status, headers: kept });
}

/** Read whole, so that another instance can be tried: as long as the longest content. */
const bodyBytesMax = 21 * 1024 * 1024;

/** Undefined: it has none. @throws RoostError `limit_exceeded` */
export async function bodyOf(request: Request): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (request.method === "GET" || request.method === "HEAD" || request.body === null) return undefined;
  return await readBytes(request, bodyBytesMax);
}

/** No connection was made: another instance may be tried. */
function isNotSent(error: unknown): boolean {
  const cause = (error as { cause?: { code?: string } }).cause;
  return cause?.code === "ECONNREFUSED" || cause?.code === "ENOTFOUND" || cause?.code === "EHOSTUNREACH";
}

function unreachable(title: string, cause: unknown): unknown {
  if (cause instanceof RoostError || (cause as { name?: string }).name === "AbortError") return cause;
  return new RoostError("unavailable", `${title} was called but did not answer: the outcome is unknown`, {
    cause,
  });
}
