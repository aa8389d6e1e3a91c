/** The schema of the services that there are now: composed again when one comes, goes or has another contract. */
import type { Logger } from "@roost/base";
import type { GraphQLSchema } from "graphql";
import type { OpenApiDocument } from "@roost/contract";
import { composeSchema } from "./schema/compose-schema.ts";
import type { ServiceSource } from "./schema/service-model.ts";

/** Where services are found: the address table. */
export interface ServiceDocuments {
  /** Without a hash: not installed yet. */
  list(): Promise<readonly { name: string; title: string; contractHash: string | null }[]>;
  contractOf(name: string): Promise<OpenApiDocument>;
}

export interface LiveSchemaOptions {
  /** Roost's own API. */
  own: () => ServiceSource;
  services: ServiceDocuments;
  logger: Logger;
}

export type LiveSchema = () => Promise<GraphQLSchema>;

export function createLiveSchema({ own, services, logger }: LiveSchemaOptions): LiveSchema {
  let known: { state: string; schema: Promise<GraphQLSchema> } | undefined;
  const read = async (service: { name: string; title: string }): Promise<ServiceSource[]> => {
    try {
      return [{ ...service, document: await services.contractOf(service.name), isOwn: false }];
    } catch (error) {
      logger.warn("a service has no place in the GraphQL schema", { service: service.name, error });
      return [];
    }
  };
  const compose = async (listed: readonly { name: string; title: string }[]): Promise<GraphQLSchema> => {
    const found = await Promise.all(listed.map(read));
    const { schema, problems } = composeSchema([own(), ...found.flat()]);
    for (const problem of problems) logger.warn("something has no place in the GraphQL schema", { problem });
    return schema;
  };
  return async () => {
    // Roost's own names are not a service's.
    const all = await services.list();
    const listed = all.filter(({ name, contractHash }) => name !== own().name && contractHash !== null);
    const state = listed.map(({ name, contractHash }) => `${name} ${contractHash}`).join("\n");
    if (known?.state === state) return known.schema;
    const schema = compose(listed);
    known = { state, schema };
    // One that failed is tried again by the next request.
    schema.catch(() => {
      if (known?.schema === schema) known = undefined;
    });
    return schema;
  };
}
