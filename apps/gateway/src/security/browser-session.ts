/**
 * Keeps a browser signed in by a cookie that scripts cannot read and other sites cannot send. It is signed with the home's token: changing the
 * token signs every browser out. Knows nothing of permissions.
 */
import { RoostError, type Clock } from "@roost/base";
import type { Token } from "./open-token.ts";
import { createTextSigner } from "./create-text-signer.ts";

/** Afterwards the browser must sign in again. */
const sessionMsMax = 30 * 86_400_000;
/** Browsers keep no cookie longer. The token of a device counts until it is revoked. */
const deviceMsMax = 400 * 86_400_000;
const cookieCharsMax = 4_096;
/** What the cookie's name begins with. */
export const sessionCookie = "roost_session_";
const deviceCookie = "roost_device_";

export interface BrowserSessions {
  /** The Set-Cookie header after a successful sign-in. `isSecure`: the browser sends it over TLS alone. */
  open(options?: { isSecure?: boolean }): Promise<string>;
  /** The Set-Cookie header that keeps the token of a paired device. */
  openDevice(token: string, options?: { isSecure?: boolean }): string;
  /** The Set-Cookie headers that sign out. */
  close(): string[];
  /**
   * Whether a request's cookies sign it in.
   * @throws RoostError `forbidden` for a signed-in request from a page of another server
   */
  check(request: { method: string; headers: Headers }): Promise<boolean>;
  /** The token of the device in a request's cookies. @throws RoostError `forbidden` as check() does */
  deviceToken(request: { method: string; headers: Headers }): string | undefined;
}

/** Cookies are shared by all ports of a host, so each home's cookie has its own name. */
export function createBrowserSessions({
  token,
  clock,
  port,
}: {
  token: Token;
  clock: Clock;
  port: () => number;
}): BrowserSessions {
  const name = () => `${sessionCookie}${port()}`;
  const signer = createTextSigner({ token, clock, purpose: "browser" });
  const attributes = "HttpOnly; SameSite=Strict; Path=/";
  const deviceName = () => `${deviceCookie}${port()}`;
  const keep = (value: string, { ms, isSecure = false }: { ms: number; isSecure?: boolean | undefined }) =>
    `${value}; ${attributes}; Max-Age=${ms / 1000}${isSecure ? "; Secure" : ""}`;
  return {
    async open({ isSecure } = {}) {
      const { text: value } = await signer.issue(sessionMsMax);
      return keep(`${name()}=${value}`, { ms: sessionMsMax, isSecure });
    },
    openDevice: (token, { isSecure } = {}) => keep(`${deviceName()}=${token}`, { ms: deviceMsMax, isSecure }),
    close: () => [name(), deviceName()].map((each) => keep(`${each}=`, { ms: 0 })),
    deviceToken({ method, headers }) {
      const token = readCookie(headers.get("cookie") ?? "", deviceName());
      if (token !== undefined && token !== "") refuseOtherPages(method, headers);
      return token === "" ? undefined : token;
    },
    async check({ method, headers }) {
      const value = readCookie(headers.get("cookie") ?? "", name());
      if (value === undefined) return false;
      if ((await signer.verify(value)) === undefined) return false;
      refuseOtherPages(method, headers);
      return true;
    },
  };
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
