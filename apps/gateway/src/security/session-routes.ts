/** `/session`: a browser signs in with a code of a link or with the home's token, asks who it is, and signs out. Nothing else is served here. */
import { RoostError } from "@roost/base";
import { Hono } from "hono";
import { z } from "zod";
import { refuseOtherPages, type BrowserSessions } from "./browser-session.ts";
import type { Arrival } from "./check-origin.ts";
import type { Authentication } from "./create-authentication.ts";
import type { SignInCodes } from "./sign-in-codes.ts";

const SignIn = z.union([
  z.strictObject({ token: z.string().max(1_000) }),
  z.strictObject({ code: z.string().max(500) }),
]);
const bodyBytesMax = 2_048;

/** Signing in and out also requires an own page: another page could sign the browser in to a foreign account, or out. */
export function createSessionRoutes({
  authentication,
  sessions,
  codes,
}: {
  authentication: Authentication;
  sessions: BrowserSessions;
  codes: SignInCodes;
}) {
  const routes = new Hono<{ Variables: { arrival: Arrival } }>();
  routes.post("/", async (context) => {
    refuseOtherPages("POST", context.req.raw.headers);
    const given = await readSignIn(context.req.raw);
    if ("code" in given) await authentication.countIfRefused(() => codes.redeem(given.code));
    else await authentication.requireHomeToken(given.token);
    const cookie = await sessions.open(context.get("arrival"));
    return context.body(null, 204, { "set-cookie": cookie, "cache-control": "no-store" });
  });
  routes.get("/", async (context) => {
    const { id, kind, scopes } = await authentication.principalOf(context.req.raw, context.get("arrival"));
    return context.json({ id, kind, scopes }, 200, { "cache-control": "no-store" });
  });
  routes.delete("/", async (context) => {
    refuseOtherPages("DELETE", context.req.raw.headers);
    const arrival = context.get("arrival");
    await authentication.signOutDevice(context.req.raw, arrival);
    for (const cookie of sessions.close(arrival)) context.header("set-cookie", cookie, { append: true });
    return context.body(null, 204, { "cache-control": "no-store" });
  });
  return routes;
}

async function readSignIn(request: Request): Promise<z.output<typeof SignIn>> {
  const mediaType = (request.headers.get("content-type") ?? "").split(";")[0]?.trim();
  const length = Number(request.headers.get("content-length") ?? bodyBytesMax + 1);
  if (mediaType !== "application/json" || !(length <= bodyBytesMax))
    throw new RoostError("invalid_input", `Sign in with a JSON body of at most ${bodyBytesMax} bytes: {"code": "…"}`);
  const parsed = SignIn.safeParse(await request.json().catch(() => undefined));
  if (parsed.success) return parsed.data;
  throw new RoostError("invalid_input", 'Sign in with a JSON body like {"code": "…"} or {"token": "…"}');
}
