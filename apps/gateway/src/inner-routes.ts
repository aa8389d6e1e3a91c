/** The gateway's own routes for calls from inside: in the name of a caller, with every check that a call meets over HTTP. */
import { RoostError, type Logger } from "@roost/base";
import { createProblemResponse, type Principal } from "@roost/contract";
import type { InnerRoutes } from "@roost/graphql";
import { Hono } from "hono";

/** The service under which Roost's own operations are named. */
export const ownService = "roost";

export interface InnerRoutesOptions {
  /** Prefixes: `own` is that of Roost's API, those of services end in their names. */
  own: string;
  services: string;
  app: Hono;
  logger: Logger;
}

export function createInnerRoutes({ own, services, app, logger }: InnerRoutesOptions): InnerRoutes {
  const inner = new Hono<{ Bindings: { principal: Principal }; Variables: { principal: Principal } }>();
  inner.onError((error) => createProblemResponse(error, { logger }));
  inner.notFound(() => createProblemResponse(new RoostError("not_found", "Nothing is served there"), { logger }));
  inner.use(async (context, next) => {
    context.set("principal", context.env.principal);
    await next();
  });
  inner.route("/", app);
  return {
    ownService,
    prefixOf: (service) => (service === ownService ? own : `${services}/${service}`),
    fetchAs: (request, principal) => inner.fetch(request, { principal }),
  };
}
