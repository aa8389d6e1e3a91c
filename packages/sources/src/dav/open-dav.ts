/**
 * Address books and calendars of a server (CardDAV, CalDAV). The password goes to the server that was named and to hosts of its domain (iCloud has
 * one for each part of its users), over TLS unless it is this machine.
 */
import { limitBytes, RoostError } from "@roost/base";
import { createDAVClient } from "tsdav";
import { isSameDomain } from "../servers/is-same-domain.ts";
import { isThisMachine } from "../servers/is-this-machine.ts";
import { wordOf } from "../source-item.ts";

export interface DavServer {
  url: string;
  user: string;
  password: string;
}

export interface OpenDavOptions {
  kind: "carddav" | "caldav";
  /** Of one answer. */
  answerBytesMax: number;
  signal: AbortSignal;
}

export type DavClient = Awaited<ReturnType<typeof createDAVClient>>;

const answerMsMax = 120_000;
const redirectsMax = 5;
/** Of one answer: each element becomes an object, which takes many times its bytes. */
const elementsMax = 400_000;
const meant = { carddav: "address book", caldav: "calendar" } as const;

/** @throws RoostError `forbidden`: the login is refused; `unavailable`; `invalid_input`: there is nothing of this kind */
export async function openDav(
  { url, user, password }: DavServer,
  { kind, answerBytesMax, signal }: OpenDavOptions,
): Promise<DavClient> {
  return await createDAVClient({
    serverUrl: url,
    credentials: { username: user, password },
    authMethod: "Basic",
    defaultAccountType: kind,
    fetch: guardedFetch(new URL(url), { answerBytesMax, signal }),
  }).catch((cause: unknown) => {
    signal.throwIfAborted();
    if (cause instanceof RoostError) throw cause;
    throw new RoostError("invalid_input", `${url} has no ${meant[kind]} for ${user}: ${messageOf(cause)}`, { cause });
  });
}

type FetchInput = Parameters<typeof fetch>[0];

function guardedFetch(
  server: URL,
  { answerBytesMax, signal }: Pick<OpenDavOptions, "answerBytesMax" | "signal">,
): typeof fetch {
  return async (input, init) => {
    const limits = AbortSignal.any([signal, AbortSignal.timeout(answerMsMax)]);
    const { response, url } = await followWithin(server, input, { ...init, signal: limits });
    refuseFailure(response, { url, method: init?.method });
    const refuse = () =>
      new RoostError("limit_exceeded", `${url.host} answers with more than ${answerBytesMax} bytes at once`);
    const parts = await Array.fromAsync(limitBytes(response.body ?? [], { bytesMax: answerBytesMax, refuse }));
    const body = response.status === 204 || response.status === 304 ? null : Buffer.concat(parts);
    if (body !== null && elementCount(body) > elementsMax)
      throw new RoostError("limit_exceeded", `${url.host} answers with more than ${elementsMax} elements at once`);
    const answer = new Response(body, {
      status: response.status,
      statusText: response.statusText,
      headers: response.headers,
    });
    Object.defineProperty(answer, "url", { value: url.href });
    return answer;
  };
}

/** Each hop is looked at before it is asked: a server leads to no other one, such as an address that only this machine reaches. */
async function followWithin(
  server: URL,
  input: FetchInput,
  init: RequestInit,
): Promise<{ response: Response; url: URL }> {
  let url = new URL(input instanceof Request ? input.url : String(input));
  for (let hops = 0; hops <= redirectsMax; hops += 1) {
    refuseStrange(url, server);
    const response = await fetch(url, { ...init, redirect: "manual" }).catch((cause: unknown) => {
      init.signal?.throwIfAborted();
      const { message, cause: reason } = cause as Error;
      const why = reason instanceof Error && reason.message !== "" ? reason.message : message;
      throw new RoostError("unavailable", `${url.host} cannot be reached: ${wordOf(why)}`, { cause });
    });
    const next = response.headers.get("location");
    const isRedirect = response.status >= 300 && response.status < 400 && response.status !== 304 && next !== null;
    if (!isRedirect || init.redirect === "manual") return { response, url };
    await response.body?.cancel();
    const found = URL.parse(next, url.href);
    if (found === null) throw new RoostError("unavailable", `${url.host} leads to no address: ${wordOf(next)}`);
    url = found;
  }
  throw new RoostError("unavailable", `${server.host} leads on more than ${redirectsMax} times`);
}

function refuseStrange(url: URL, server: URL): void {
  if (!isSameDomain(url.hostname, server.hostname) || isOtherPort(url, server))
    throw new RoostError(
      "forbidden",
      `${server.host} leads to ${wordOf(url.host)}, which is not told the password: name that server if it is yours`,
    );
  if (url.protocol !== "https:" && !isThisMachine(url.hostname))
    throw new RoostError(
      "forbidden",
      `${wordOf(url.origin)} would be told the password without TLS: give an https address`,
    );
}

/** Another program of the same machine is not the same server; hosts with names of one domain are. */
function isOtherPort(url: URL, server: URL): boolean {
  const hasNoName = isThisMachine(url.hostname) || /^[\d.]+$|^\[/.test(url.hostname);
  return hasNoName && url.host !== server.host;
}

function refuseFailure({ status }: Response, { url, method }: { url: URL; method: string | undefined }): void {
  if (status === 401 || status === 403)
    throw new RoostError(
      "forbidden",
      `${url.host} refuses the login: look at the user and at the secret that holds the password`,
    );
  if (status >= 500 || status === 429)
    throw new RoostError("unavailable", `${url.host} answers with ${status}: try again later`);
  // What was asked for is not known: it is not that there is nothing.
  if (method === "REPORT" && status !== 207)
    throw new RoostError("unavailable", `${url.host} answers a question for entries with ${status}`);
}

function elementCount(body: Buffer): number {
  let count = 0;
  for (let at = body.indexOf("<"); at >= 0; at = body.indexOf("<", at + 1)) count += 1;
  return count;
}

function messageOf(error: unknown): string {
  return wordOf(error instanceof Error ? error.message : String(error));
}
