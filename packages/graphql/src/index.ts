export { createGraphqlRoutes } from "./http/create-graphql-routes.ts";
export type { GraphqlDoorOptions } from "./http/graphql-door.ts";
export type { InnerRoutes } from "./http/call-context.ts";
export type { ServiceDocuments } from "./live-schema.ts";
export type { ServiceSource } from "./schema/service-model.ts";
