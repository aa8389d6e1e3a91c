/** How resolvers call operations: as an HTTP client of the gateway would, in the caller's name, without leaving the process. */
import { RoostError, toRoostError } from "@roost/base";
import {
  addressOfCall,
  callOperation,
  openStream,
  type CallOptions,
  type Content,
  type Principal,
} from "@roost/contract";
import { getPart } from "@roost/contract/operations";
import type { GraphqlContext, OperationCall } from "../graphql-context.ts";

/** The gateway's own routes: a call in the name of the principal, with every check that it meets over HTTP. */
export interface InnerRoutes {
  /** Prefix of the paths of a service's operations: `/services/garden`. */
  prefixOf(service: string): string;
  /** Roost's own API, by its name. */
  readonly ownService: string;
  fetchAs(request: Request, principal: Principal): Response | Promise<Response>;
}

export interface CallContextOptions {
  request: Request;
  principal: Principal;
  routes: InnerRoutes;
}

/** One per request: records that relations lead to are asked for once in it, by a subscription once for each item. */
export function createCallContext({ request, principal, routes }: CallContextOptions): GraphqlContext {
  const { signal } = request;
  const traceparent = request.headers.get("traceparent") ?? undefined;
  const optionsOf = ({ idempotencyKey }: OperationCall): CallOptions => ({ signal, traceparent, idempotencyKey });
  const clientOf = ({ service }: Pick<OperationCall, "service">) => ({
    baseUrl: `http://roost${routes.prefixOf(service)}`,
    fetch: async (url: string | URL | Request, init?: RequestInit) =>
      await routes.fetchAs(new Request(url, init), principal),
  });
  return {
    loaders: new Map(),
    async call(asked) {
      try {
        return await callOperation(asked.operation, asked.input, optionsOf(asked), clientOf(asked));
      } catch (thrown) {
        throw named(thrown, asked);
      }
    },
    addressOf: ({ service, operation, input }) =>
      addressOfCall(operation, input, { baseUrl: routes.prefixOf(service) }),
    readPart: async (sha256) =>
      (await callOperation(getPart, { sha256 }, { signal }, clientOf({ service: routes.ownService }))) as Content,
    async *open(asked) {
      try {
        yield* openStream(asked.operation, asked.input, optionsOf(asked), clientOf(asked));
      } catch (thrown) {
        throw named(thrown, asked);
      }
    },
  };
}

/** With the operation that failed. */
function named(thrown: unknown, { service, operation }: OperationCall): RoostError {
  const error = toRoostError(thrown);
  const details = { ...error.details, service, operation: operation.id };
  return new RoostError(error.code, error.message, { cause: error, details });
}
