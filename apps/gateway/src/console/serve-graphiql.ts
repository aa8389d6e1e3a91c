/** Serves GraphiQL at /graphql/ide, on this machine only: a page with files of its own, from the console's build. Needs no caller: what it asks does. */
import { RoostError } from "@roost/base";
import type { Context } from "hono";
import { isLocalRequest } from "../security/is-local-request.ts";
import { describeConsole } from "./describe-console.ts";
import type { BuiltConsole } from "./open-console.ts";
import { answer, answerFile } from "./serve-console.ts";

export const graphiqlPath = "/graphql/ide";

/** No script but its own files, nothing from elsewhere, no form and no frame. Its editor sets styles by script, and its library by elements. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Of the build, where its files are. */
const folder = "/graphiql";

export function serveGraphiql(built: BuiltConsole): (context: Context) => Response {
  return (context) => {
    if (!isLocalRequest(context)) throw new RoostError("forbidden", "GraphiQL is served on this machine only");
    const request = context.req.raw;
    const path = new URL(request.url).pathname.slice(graphiqlPath.length);
    const state = built.state();
    if (state.kind !== "ready") return describeConsole(state);
    const page = state.files.get(`${folder}/index.html`);
    if (path === "" || path === "/")
      return answer(request, page ?? new Uint8Array(), {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
        "content-security-policy": policy,
      });
    const file = answerFile(state, folder + path, request);
    if (file === undefined) throw new RoostError("not_found", `GraphiQL has no file ${path.slice(0, 200)}`);
    return file;
  };
}
