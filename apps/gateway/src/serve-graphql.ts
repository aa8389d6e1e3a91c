/** `/graphql`: Roost's own API and all services as one schema. Each field is a call of the gateway's own routes, as over HTTP. */
import { RoostError, type Logger } from "@roost/base";
import { createProblemResponse, type OpenApiDocument, type Principal } from "@roost/contract";
import { createGraphqlRoutes, createLiveSchema } from "@roost/graphql";
import type { ServiceDirectory } from "@roost/service";
import { Hono } from "hono";
import { isLocalRequest } from "./security/is-local-request.ts";

export const graphqlPath = "/graphql";

export interface ServeGraphqlOptions {
  /** The gateway's routes by their prefixes; `own` is that of Roost's API, the others end in the name of a service. */
  routes: { own: string; services: string; app: Hono };
  document: () => OpenApiDocument;
  directory: ServiceDirectory;
  logger: Logger;
  shutdown: AbortSignal;
}

/** Expects an authenticated caller. */
export function serveGraphql({ routes, document, directory, logger, shutdown }: ServeGraphqlOptions): Hono {
  const inner = new Hono<{ Bindings: { principal: Principal }; Variables: { principal: Principal } }>();
  inner.onError((error) => createProblemResponse(error, { logger }));
  inner.notFound(() => createProblemResponse(new RoostError("not_found", "Nothing is served there"), { logger }));
  inner.use(async (context, next) => {
    context.set("principal", context.env.principal);
    await next();
  });
  inner.route("/", routes.app);
  const name = "roost";
  return createGraphqlRoutes({
    schema: createLiveSchema({
      own: () => ({ name, title: "Roost", document: document(), isOwn: true }),
      services: directory,
      logger,
    }),
    principalOf: (context) => context.get("principal") as Principal,
    isLocal: isLocalRequest,
    routes: {
      prefixOf: (service) => (service === name ? routes.own : `${routes.services}/${service}`),
      fetchAs: (request, principal) => inner.fetch(request, { principal }),
    },
    logger,
    shutdown,
  });
}
