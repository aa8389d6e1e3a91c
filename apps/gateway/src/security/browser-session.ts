/**
 * Keeps a browser signed in by a cookie that scripts cannot read and other sites cannot send. It is signed with the home's token: changing the
 * token signs every browser out. Knows nothing of permissions.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { RoostError, type Clock } from "@roost/base";
import type { Token } from "./open-token.ts";

/** Afterwards the browser must sign in again. */
const sessionMsMax = 30 * 86_400_000;
const cookieCharsMax = 4_096;

export interface BrowserSessions {
  /** The Set-Cookie header after a successful sign-in. */
  open(): Promise<string>;
  /** The Set-Cookie header that signs out. */
  close(): string;
  /**
   * Whether a request's cookies sign it in.
   * @throws RoostError `forbidden` for a signed-in request from a page of another server
   */
  check(request: { method: string; headers: Headers }): Promise<boolean>;
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
  const name = () => `roost_session_${port()}`;
  const signed = async (text: string) => {
    const key = await token.hash();
    return key === undefined ? undefined : createHmac("sha256", key).update(`browser ${text}`).digest();
  };
  const attributes = "HttpOnly; SameSite=Strict; Path=/";
  return {
    async open() {
      const text = `${clock.nowMs() + sessionMsMax}.${randomBytes(16).toString("base64url")}`;
      const signature = await signed(text);
      if (signature === undefined)
        throw new RoostError("unauthenticated", "The home has no token, so signing in is not possible");
      const value = `${text}.${signature.toString("base64url")}`;
      return `${name()}=${value}; ${attributes}; Max-Age=${sessionMsMax / 1000}`;
    },
    close: () => `${name()}=; ${attributes}; Max-Age=0`,
    async check({ method, headers }) {
      const value = readCookie(headers.get("cookie") ?? "", name());
      if (value === undefined) return false;
      const [expires = "", nonce = "", signature = ""] = value.split(".");
      const expected = await signed(`${expires}.${nonce}`);
      const given = Buffer.from(signature, "base64url");
      if (expected === undefined || given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
      if (Number(expires) < clock.nowMs()) return false;
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
