/** Serves the console: its files, compressed and for good, and its one page for every address of its own. Needs no caller: it holds no secret. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { BuiltConsole, ConsoleState } from "./open-console.ts";
import { sessionCookie } from "../security/browser-session.ts";
import { describeConsole } from "./describe-console.ts";

/** Nothing from elsewhere, no script but the console's files, and no text that becomes one. */
export const consolePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types roost",
].join("; ");

const mediaTypes: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  png: "image/png",
  svg: "image/svg+xml",
  webmanifest: "application/manifest+json",
  woff2: "font/woff2",
};
const forGood = "public, max-age=31536000, immutable";
const asked = "no-cache";

/** Undefined: not a file or an address of the console. */
export type ServeConsole = (request: Request) => Response | undefined;

/** `ofServer`: prefixes of addresses that the gateway itself answers. */
export function serveConsole(built: BuiltConsole, { ofServer }: { ofServer: readonly string[] }): ServeConsole {
  return (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") return undefined;
    const { pathname } = new URL(request.url);
    if (ofServer.some((prefix) => pathname === prefix || pathname.startsWith(`${prefix}/`))) return undefined;
    const state = built.state();
    const isPage = (request.headers.get("accept") ?? "").includes("text/html") && !/\.\w+$/.test(pathname);
    if (state.kind !== "ready") return isPage ? describeConsole(state) : undefined;
    return isPage ? answerPage(state, pathname, request) : answerFile(state, pathname, request);
  };
}

type Ready = Extract<ConsoleState, { kind: "ready" }>;

/** Undefined: there is no such file. Pages are no files: they have a policy. */
export function answerFile({ files }: Ready, path: string, request: Request): Response | undefined {
  const bytes = files.get(path);
  const mediaType = mediaTypes[path.slice(path.lastIndexOf(".") + 1)];
  if (bytes === undefined || mediaType === undefined || path.endsWith("/index.html")) return undefined;
  const accepted = request.headers.get("accept-encoding") ?? "";
  const encoding = ["br", "gzip"].find((name) => accepted.includes(name) && files.has(path + endings[name]));
  const sent = encoding === undefined ? bytes : (files.get(path + endings[encoding]) ?? bytes);
  const isNamedByHash = path.includes("/assets/");
  return answer(request, sent, {
    "content-type": mediaType,
    "cache-control": isNamedByHash ? forGood : asked,
    vary: "accept-encoding",
    // A service worker fetches under the policy that came with its own file.
    "content-security-policy": consolePolicy,
    ...(encoding === undefined ? {} : { "content-encoding": encoding }),
  });
}

const endings: Readonly<Record<string, string>> = { br: ".br", gzip: ".gz" };

/** The page with what the browser needs first for this address: the chunk of its screen, and the font. */
function answerPage({ files, hints }: Ready, path: string, request: Request): Response {
  const first = `/${path.split("/")[1] ?? ""}`;
  const html = new TextDecoder().decode(files.get("/index.html"));
  const { files: firstFiles = "", asks = "" } = hints[first] ?? hints["*"] ?? {};
  const isSignedIn = (request.headers.get("cookie") ?? "").includes(sessionCookie);
  const page = html.replace("<!-- hints -->", isSignedIn ? `${firstFiles}\n    ${asks}` : firstFiles);
  const isShort = (request.headers.get("accept-encoding") ?? "").includes("gzip");
  return answer(request, new Uint8Array(isShort ? gzipSync(page) : Buffer.from(page)), {
    ...(isShort ? { "content-encoding": "gzip" } : {}),
    vary: "accept-encoding, cookie",
    "content-type": mediaTypes["html"] ?? "",
    "cache-control": asked,
    "content-security-policy": consolePolicy,
  });
}

export function answer(request: Request, bytes: Uint8Array<ArrayBuffer>, headers: Record<string, string>): Response {
  const etag = `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 22)}"`;
  const isKnown = request.headers.get("if-none-match") === etag;
  const size = { "content-length": String(bytes.byteLength) };
  const isBare = isKnown || request.method === "HEAD";
  return new Response(isBare ? null : bytes, {
    status: isKnown ? 304 : 200,
    headers: { ...headers, ...(isKnown ? {} : size), etag },
  });
}
