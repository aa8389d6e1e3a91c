/** `/pair`: a phone, a browser or a program brings a code and becomes a device of the person. A page for people, JSON for programs. */
import { joinHost, lookAtHostCode, pairDevice, type AccessTokens, type MadeHost } from "@roost/access";
import { RoostError } from "@roost/base";
import { rolesOf, TokenName } from "@roost/contract/operations";
import type { Sql } from "@roost/database";
import { readHomeVersion } from "@roost/kernel";
import type { Memory } from "@roost/memory";
import { Hono } from "hono";
import { z } from "zod";
import { refuseOtherPages, type BrowserSessions } from "./browser-session.ts";
import type { Arrival } from "./check-origin.ts";
import type { Authentication } from "./create-authentication.ts";
import { makeLogins, needsOfHost, urlsOfLogins, type HostPlace } from "./host-place.ts";

export const pairPath = "/pair";
const Given = z.strictObject({
  code: z.string().min(1).max(40),
  /** Brought by another machine that becomes a host of the home. */
  host: z
    .strictObject({
      name: TokenName.max(50),
      version: z.string().min(1).max(50),
      at: z.iso.datetime(),
      /** Known to it alone: the same one is answered again while the code would count. */
      attempt: z.string().min(32).max(100).optional(),
      /** Says what it would need, and uses no code. */
      isLook: z.boolean().optional(),
    })
    .optional(),
});
type GivenHost = NonNullable<z.output<typeof Given>["host"]>;
const bodyBytesMax = 1_024;

export interface PairingRoutesOptions {
  access: AccessTokens;
  authentication: Authentication;
  sessions: BrowserSessions;
  memory: Memory;
  hostPlace: HostPlace;
}

export function createPairingRoutes(options: PairingRoutesOptions) {
  const { access, authentication, sessions } = options;
  const routes = new Hono<{ Variables: { arrival: Arrival } }>();
  const pair = async (code: string) => {
    const paired = await countWrong(authentication, "devices pair", () => pairDevice(access.kernel, { code }));
    access.forget();
    return paired;
  };
  routes.get("/", (context) => context.html(page(""), 200, headersOfPage));
  // The code of a link stands in its fragment, which no server and no proxy sees.
  routes.get("/code.js", (context) =>
    context.body(script, 200, { "content-type": "text/javascript; charset=utf-8", "cache-control": "no-store" }),
  );
  routes.post("/", async (context) => {
    const mediaType = (context.req.header("content-type") ?? "").split(";")[0]?.trim();
    const length = Number(context.req.header("content-length") ?? bodyBytesMax + 1);
    if (!(length <= bodyBytesMax)) throw new RoostError("invalid_input", `Pair with at most ${bodyBytesMax} bytes`);
    if (mediaType === "application/json") {
      const given = Given.safeParse(await context.req.json().catch(() => undefined));
      if (!given.success) throw new RoostError("invalid_input", 'Pair with a JSON body like {"code": "ABCD-EFGH"}');
      const { code, host } = given.data;
      const answer = host === undefined ? tellToken(await pair(code)) : await bringHost(options, { code, host });
      return context.json(answer, 200, { "cache-control": "no-store" });
    }
    if (mediaType !== "application/x-www-form-urlencoded")
      throw new RoostError("invalid_input", "Pair by the form of this page, or with a JSON body");
    refuseOtherPages("POST", context.req.raw.headers);
    const code = new URLSearchParams(await context.req.text()).get("code") ?? "";
    try {
      const { token } = await pair(code);
      const cookie = await sessions.openDevice(token.id, context.get("arrival"));
      return context.body(null, 303, { "set-cookie": cookie, location: "/", "cache-control": "no-store" });
    } catch (error) {
      if (!(error instanceof RoostError) || error.code !== "unauthenticated") throw error;
      return context.html(page(error.message), 401, headersOfPage);
    }
  });
  return routes;
}

/** @throws RoostError `unauthenticated`, counted against guessing, for a code that does not count */
async function countWrong<Found>(
  authentication: Authentication,
  command: string,
  bring: () => Promise<Found | undefined>,
): Promise<Found> {
  let found: Found | undefined;
  await authentication.countIfRefused(async () => {
    found = await bring();
    if (found === undefined)
      throw new RoostError(
        "unauthenticated",
        `This code is not known, was used, or is older than five minutes: make another with roost ${command}`,
      );
  });
  return found!;
}

/** What a host would get, or gets: its token, and where its code says so the logins of its processes. */
async function bringHost(
  { access, authentication, memory, hostPlace }: PairingRoutesOptions,
  { code, host }: { code: string; host: GivenHost },
): Promise<object> {
  const { isLook = false, ...says } = host;
  const counted = <Found>(bring: () => Promise<Found | undefined>) => countWrong(authentication, "hosts invite", bring);
  const needsOf = async (sql: Sql, scopes: readonly string[]) => {
    const roles = rolesOf(scopes);
    return roles && (await needsOfHost(hostPlace, { roles, settings: memory.settings, sql }));
  };
  if (isLook) {
    const { scopes } = await counted(() => lookAtHostCode(access.kernel, { code }));
    const version = await readHomeVersion(access.kernel);
    return { version, scopes, needs: await needsOf(access.kernel.database, scopes) };
  }
  const { homeId } = hostPlace;
  let needs: Awaited<ReturnType<typeof needsOf>>;
  const made = await counted(() =>
    joinHost(access.kernel, {
      ...says,
      at: new Date(says.at),
      code,
      // A need that is not met uses no code.
      makeLogins: async (tx, { name, scopes }) => {
        needs = await needsOf(tx, scopes);
        return await makeLogins(tx, { name, scopes, homeId });
      },
    }),
  );
  access.forget();
  const logins = urlsOfLogins(hostPlace, made.logins);
  return { ...tellToken(made), needs, logins };
}

function tellToken({ token, text }: Pick<MadeHost, "token" | "text">): object {
  return { token: text, name: token.name, scopes: token.scopes };
}

const policy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const headersOfPage = {
  "content-security-policy": policy,
  "cache-control": "no-store",
  // With no-referrer a browser sends the form with the origin null, which is refused.
  "referrer-policy": "same-origin",
};

const script = `const code = location.hash.slice(1);
if (/^[\\w-]{8,9}$/.test(code)) {
  history.replaceState(null, "", location.pathname);
  document.querySelector("input").value = code;
}
`;

function page(problem: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pair with Roost</title>
<style>
  :root { color-scheme: light dark; font: 18px/1.5 system-ui, sans-serif; }
  body { max-width: 22rem; margin: 3rem auto; padding: 0 1.25rem; }
  input, button { font: inherit; width: 100%; box-sizing: border-box; padding: .7rem; border-radius: .5rem; border: 1px solid; min-height: 44px; }
  input { letter-spacing: .15em; text-transform: uppercase; margin: .3rem 0 .8rem; }
</style>
</head>
<body>
<h1>Pair this device</h1>
<p>Type the code that <b>roost devices pair</b> shows.</p>
<form method="post" action="${pairPath}">
<label>Code <input name="code" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" required maxlength="9"></label>
<button>Pair</button>
</form>
<p role="alert">${problem}</p>
<script src="${pairPath}/code.js"></script>
</body>
</html>
`;
}
