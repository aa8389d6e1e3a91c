/**
 * Keeps a browser signed in by a cookie that scripts cannot read and other sites cannot send. It is signed by a gateway and bound to the home's token:
 * changing the token signs every browser out. Knows nothing of permissions.
 */
import { RoostError } from "@roost/base";
import type { Arrival } from "./check-origin.ts";
import { createTextSigner, type TextSignerOptions } from "./create-text-signer.ts";

/** Afterwards the browser must sign in again. */
const sessionMsMax = 30 * 86_400_000;
/** Browsers keep no cookie longer. The token of a device counts until it is revoked. */
const deviceMsMax = 400 * 86_400_000;
const cookieCharsMax = 4_096;
/** What the cookie's name has in it. */
export const sessionCookie = "roost_session_";
const deviceCookie = "roost_device_";

type AskedRequest = { method: string; headers: Headers };

export interface BrowserSessions {
  /** The Set-Cookie header after a successful sign-in. */
  open(arrival: Arrival): Promise<string>;
  /** The Set-Cookie header that keeps a paired device signed in, by the id of its token. */
  openDevice(tokenId: string, arrival: Arrival): Promise<string>;
  /** The Set-Cookie headers that sign out. */
  close(arrival: Arrival): string[];
  /**
   * Whether a request's cookies sign it in.
   * @throws RoostError `forbidden` for a signed-in request from a page of another server
   */
  check(request: AskedRequest, arrival: Arrival): Promise<boolean>;
  /** The id of the token of the device in a request's cookies. @throws RoostError `forbidden` as check() does */
  deviceOf(request: AskedRequest, arrival: Arrival): Promise<string | undefined>;
}

/**
 * Cookies are shared by all ports of a host, so each home's cookie has its own name, the same at all its gateways. What is signed names the address at which the browser signed
 * in: a cookie counts there alone. None is a token that counts elsewhere.
 */
export function createBrowserSessions(
  given: TextSignerOptions,
  /** Id of it. */
  home: string,
): BrowserSessions {
  const signer = createTextSigner("browser", given);
  // Over TLS the browser itself sees to it that no other name of the domain has set it.
  const nameOf = (cookie: string, { scheme }: Arrival) => `${scheme === "https" ? "__Host-" : ""}${cookie}${home}`;
  const keep = (cookie: string, value: string, { arrival, ms }: { arrival: Arrival; ms: number }) =>
    `${nameOf(cookie, arrival)}=${value}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${ms / 1000}${arrival.scheme === "https" ? "; Secure" : ""}`;
  const read = ({ headers }: AskedRequest, cookie: string, arrival: Arrival) =>
    readCookie(headers.get("cookie") ?? "", nameOf(cookie, arrival));
  return {
    async open(arrival) {
      const { text } = await signer.issue(sessionMsMax, originOf(arrival));
      return keep(sessionCookie, text, { arrival, ms: sessionMsMax });
    },
    async openDevice(tokenId, arrival) {
      const { text } = await signer.issue(deviceMsMax, `${originOf(arrival)} ${tokenId}`);
      return keep(deviceCookie, `${tokenId}.${text}`, { arrival, ms: deviceMsMax });
    },
    close: (arrival) => [sessionCookie, deviceCookie].map((cookie) => keep(cookie, "", { arrival, ms: 0 })),
    async check(request, arrival) {
      const value = read(request, sessionCookie, arrival);
      if (value === undefined || (await signer.verify(value, originOf(arrival))) === undefined) return false;
      refuseOtherPages(request.method, request.headers);
      return true;
    },
    async deviceOf(request, arrival) {
      const [, tokenId = "", text = ""] = /^([^.]+)\.(.+)$/.exec(read(request, deviceCookie, arrival) ?? "") ?? [];
      if ((await signer.verify(text, `${originOf(arrival)} ${tokenId}`)) === undefined) return undefined;
      refuseOtherPages(request.method, request.headers);
      return tokenId;
    },
  };
}

/** As browsers write it. Arrivals come from checkOrigin(), so that the host is one of this server's. */
function originOf({ scheme, host }: Arrival): string {
  return new URL(`${scheme}://${host}`).origin;
}

/**
 * SameSite keeps other sites out, but another port of this host is the same site. For every change the browser sends an Origin, which has already
 * been compared with this server.
 */
export function refuseOtherPages(method: string, headers: Headers): void {
  const site = headers.get("sec-fetch-site");
  const isOwnPage = site === null || site === "same-origin" || (site === "none" && method === "GET");
  const isNamed = method === "GET" || method === "HEAD" || headers.get("origin") !== null;
  if (isOwnPage && isNamed) return;
  throw new RoostError("forbidden", "A signed-in browser may call this server only from its own pages");
}

function readCookie(header: string, name: string): string | undefined {
  if (header.length > cookieCharsMax) return undefined;
  for (const part of header.split(";")) {
    const [key, ...value] = part.split("=");
    if (key?.trim() === name) return value.join("=").trim();
  }
  return undefined;
}
