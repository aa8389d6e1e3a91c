/**
 * Keeps a browser signed in by a cookie that scripts cannot read and other sites cannot send. It is signed with the home's token: changing the
 * token signs every browser out. Knows nothing of permissions.
 */
import { RoostError, type Clock } from "@roost/base";
import type { Token } from "./open-token.ts";
import { createTextSigner } from "./create-text-signer.ts";

/** Afterwards the browser must sign in again. */
const sessionMsMax = 30 * 86_400_000;
const cookieCharsMax = 4_096;
/** What the cookie's name begins with. */
export const sessionCookie = "roost_session_";

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
  const name = () => `${sessionCookie}${port()}`;
  const signer = createTextSigner({ token, clock, purpose: "browser" });
  const attributes = "HttpOnly; SameSite=Strict; Path=/";
  return {
    async open() {
      const { text: value } = await signer.issue(sessionMsMax);
      return `${name()}=${value}; ${attributes}; Max-Age=${sessionMsMax / 1000}`;
    },
    close: () => `${name()}=; ${attributes}; Max-Age=0`,
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
