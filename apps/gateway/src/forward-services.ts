/** `/services/<name>/…`: documents of domain services, and calls forwarded in the caller's name. */
import { RoostError, type Clock, type Logger } from "@roost/base";
import { createProblemResponse, type Principal } from "@roost/contract";
import { createForwardCall, type Services } from "@roost/service";
import { Hono } from "hono";

export const servicesPrefix = "/services";

export interface ForwardServicesOptions {
  services: Services;
  clock: Clock;
  logger: Logger;
}

/** Others cannot be sent on (TRACE), or are answered before (OPTIONS). */
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Expects an authenticated caller. */
export function forwardServices({ services, clock, logger }: ForwardServicesOptions): Hono {
  const { directory, signer } = services;
  const forward = createForwardCall({ directory, signer, clock, logger });
  const routes = new Hono();
  routes.get("/:service/openapi.json", async (context) =>
    context.json(await directory.contractOf(context.req.param("service")), 200, { "cache-control": "no-cache" }),
  );
  routes.all("/:service/*", (context) => {
    const { method } = context.req;
    if (!methods.includes(method)) {
      const error = new RoostError("invalid_input", `${method} is no method of an operation`);
      return createProblemResponse(error, { logger, status: 405, headers: { allow: methods.join(", ") } });
    }
    const service = context.req.param("service");
    const { pathname, search } = new URL(context.req.url);
    const path = pathname.slice(`${servicesPrefix}/${service}`.length);
    if (!path.startsWith("/")) throw new RoostError("not_found", "The name of a service must not be percent-encoded");
    return forward({ service, path: path + search, principal: principalOf(context), request: context.req.raw });
  });
  return routes;
}

function principalOf(context: { get(name: string): unknown }): Principal {
  return context.get("principal") as Principal;
}
