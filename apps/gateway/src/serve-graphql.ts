/** `/graphql`: Roost's own API and all services as one schema. Each field is a call of the gateway's own routes, as over HTTP. */
import type { Logger } from "@roost/base";
import type { OpenApiDocument, Principal } from "@roost/contract";
import { createGraphqlRoutes, type InnerRoutes } from "@roost/graphql";
import type { ServiceDirectory } from "@roost/service";
import type { Hono } from "hono";
import { ownService } from "./inner-routes.ts";
import { isLocalRequest } from "./security/is-local-request.ts";

export const graphqlPath = "/graphql";

export interface ServeGraphqlOptions {
  routes: InnerRoutes;
  document: () => OpenApiDocument;
  directory: ServiceDirectory;
  logger: Logger;
  shutdown: AbortSignal;
}

/** Expects an authenticated caller. */
export function serveGraphql({ routes, document, directory, logger, shutdown }: ServeGraphqlOptions): Hono {
  return createGraphqlRoutes({
    own: () => ({ name: ownService, title: "Roost", document: document(), isOwn: true }),
    services: directory,
    principalOf: (context) => context.get("principal") as Principal,
    isLocal: isLocalRequest,
    routes,
    logger,
    shutdown,
  });
}
