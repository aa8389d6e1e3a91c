/** `/services/<name>/…`: documents of domain services, and calls forwarded in the caller's name. */
import { RoostError, type Clock, type Logger } from "@roost/base";
import type { Principal } from "@roost/contract";
import { createForwardCall, type Services } from "@roost/service";
import { Hono } from "hono";

export const servicesPrefix = "/services";

export interface ForwardServicesOptions {
  services: Services;
  clock: Clock;
  logger: Logger;
}

/** Expects an authenticated caller. */
export function forwardServices({ services, clock, logger }: ForwardServicesOptions): Hono {
  const { directory, signer } = services;
  const forward = createForwardCall({ directory, signer, clock, logger });
  const routes = new Hono();
  routes.get("/:service/openapi.json", async (context) =>
    context.json(await directory.contractOf(context.req.param("service")), 200, { "cache-control": "no-cache" }),
  );
  routes.all("/:service/*", (context) => {
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
