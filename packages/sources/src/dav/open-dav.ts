/**
 * Address books and calendars of a server (CardDAV, CalDAV). The password goes to the server that was named and to hosts of its domain (iCloud has
 * one for each part of its users), over TLS unless it is this machine.
 */
import { limitBytes, RoostError } from "@roost/base";
import { createDAVClient } from "tsdav";
import { isSameDomain } from "../servers/is-same-domain.ts";
import { isThisMachine } from "../servers/is-this-machine.ts";

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

const answerMsMax = 120_000;
const meant = { carddav: "address book", caldav: "calendar" } as const;

/** @throws RoostError `forbidden`: the login is refused; `unavailable`; `invalid_input`: there is nothing of this kind */
export async function openDav(
  { url, user, password }: DavServer,
  { kind, answerBytesMax, signal }: OpenDavOptions,
): Promise<Awaited<ReturnType<typeof createDAVClient>>> {
  return await createDAVClient({
    serverUrl: url,
    credentials: { username: user, password },
    authMethod: "Basic",
    defaultAccountType: kind,
    fetch: guardedFetch(new URL(url), { answerBytesMax, signal }),
  }).catch((cause: unknown) => {
    if (cause instanceof RoostError) throw cause;
    throw new RoostError("invalid_input", `${url} has no ${meant[kind]} for ${user}: ${messageOf(cause)}`, { cause });
  });
}

function guardedFetch(
  server: URL,
  { answerBytesMax, signal }: Pick<OpenDavOptions, "answerBytesMax" | "signal">,
): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    if (!isSameDomain(url.hostname, server.hostname))
      throw new RoostError(
        "forbidden",
        `${server.host} leads to ${url.host}, which is not told the password: name that server if it is yours`,
      );
    if (url.protocol !== "https:" && !isThisMachine(url.hostname))
      throw new RoostError("forbidden", `${url.origin} would be told the password without TLS: give an https address`);
    const limits = AbortSignal.any([signal, AbortSignal.timeout(answerMsMax)]);
    const response = await fetch(input, { ...init, signal: limits });
    if (response.status === 401 || response.status === 403)
      throw new RoostError(
        "forbidden",
        `${url.host} refuses the login: look at the user and at the secret that holds the password`,
      );
    if (response.status >= 500 || response.status === 429)
      throw new RoostError("unavailable", `${url.host} answers with ${response.status}: try again later`);
    const refuse = () =>
      new RoostError("limit_exceeded", `${url.host} answers with more than ${answerBytesMax} bytes at once`);
    const parts = await Array.fromAsync(limitBytes(response.body ?? [], { bytesMax: answerBytesMax, refuse }));
    const body = response.status === 204 || response.status === 304 ? null : Buffer.concat(parts);
    const answer = new Response(body, {
      status: response.status,
      statusText: response.statusText,
      headers: response.headers,
    });
    Object.defineProperty(answer, "url", { value: response.url });
    return answer;
  };
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 300);
}
