export { createGraphqlRoutes, type GraphqlRoutesOptions } from "./http/create-graphql-routes.ts";
export { documentLimits } from "./limits/document-limits.ts";
export { createLiveSchema, type LiveSchema, type LiveSchemaOptions, type ServiceDocuments } from "./live-schema.ts";
export { composeSchema, type Composed } from "./schema/compose-schema.ts";
export { type ServiceSource } from "./schema/service-model.ts";
export type { InnerRoutes } from "./http/call-context.ts";
