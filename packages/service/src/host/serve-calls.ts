/** The port of an instance: accepts calls signed for it and serves the contract. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { endServer, RoostError, type Logger } from "@roost/base";
import {
  createProblemResponse,
  createRoutes,
  type KeepAnswer,
  type Principal,
  type ServedContract,
} from "@roost/contract";
import { Hono } from "hono";
import { bodyOf } from "../calls/forward-call.ts";
import type { VerifyCall } from "../calls/sign-call.ts";

export interface ServeCallsOptions {
  served: ServedContract;
  verifyCall: VerifyCall;
  keepAnswer: KeepAnswer;
  logger: Logger;
  shutdown: AbortSignal;
  host: string;
  port?: number | undefined;
}

/** For calls that are being answered when it stops. */
const endMsMax = 1_000;

export async function serveCalls(options: ServeCallsOptions): Promise<{ url: string } & AsyncDisposable> {
  const { served, verifyCall, keepAnswer, logger, shutdown, host, port = 0 } = options;
  const app = new Hono<{ Variables: { principal: Principal } }>();
  app.onError((error) => createProblemResponse(error, { logger }));
  app.notFound(() => createProblemResponse(new RoostError("not_found", "Nothing is served there"), { logger }));
  app.use(async (context, next) => {
    const { method, url, raw } = context.req;
    const { headers } = raw;
    const { pathname, search } = new URL(url);
    const readBody = async () => {
      const body = await bodyOf(raw);
      if (body !== undefined) context.req.raw = new Request(url, { method, headers, body, signal: raw.signal });
      return body;
    };
    context.set("principal", await verifyCall({ method, path: pathname + search, headers, readBody }));
    await next();
  });
  const principalOf = (context: { get(name: string): unknown }) => context.get("principal") as Principal;
  app.route("/", createRoutes(served, { logger, principalOf, keepAnswer, shutdown }));
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer((request, response) => void listener(request, response));
  server.listen(port, host);
  await once(server, "listening");
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => endServer(server, endMsMax),
  };
}
