/** GraphQL over services in this process, as the gateway serves it. */
import { silentLogger } from "@roost/base";
import {
  createOpenApi,
  createProblemResponse,
  createRoutes,
  type Principal,
  type ServedContract,
} from "@roost/contract";
import { Hono } from "hono";
import { createGraphqlRoutes } from "../http/create-graphql-routes.ts";
import type { ServiceSource } from "../schema/service-model.ts";

export const testOwner: Principal = { id: "person:test", kind: "owner", scopes: ["*"] };

export function sourceOf({ contract }: ServedContract, isOwn = false): ServiceSource {
  const { name, title } = contract;
  return { name, title, document: createOpenApi(contract, { version: "1" }), isOwn };
}

export interface TestGraphql {
  fetch(request: Request): Promise<Response>;
  /** One document, as the owner unless said otherwise. */
  ask(query: string, options?: { variables?: object; headers?: Record<string, string> }): Promise<GraphqlAnswer>;
  /** Services that can be added and taken away. */
  services: ServedContract[];
  principal: Principal;
  isLocal: boolean;
  /** Thrown by every call. */
  failure?: Error;
}

export interface GraphqlAnswer {
  status: number;
  data: any;
  errors?: { message: string; path?: (string | number)[]; extensions: Record<string, unknown> }[];
}

/** The first service is Roost's own: without a prefix. */
export function createTestGraphql(own: ServedContract, services: ServedContract[] = []): TestGraphql {
  const logger = silentLogger;
  const source = sourceOf(own, true);
  const fetchAs = (request: Request, principal: Principal): Response | Promise<Response> => {
    if (test.failure !== undefined) throw test.failure;
    const { pathname } = new URL(request.url);
    const served = [own, ...services].find(({ contract }) => pathname.startsWith(`/${contract.name}/`));
    const inner = new Hono();
    inner.onError((error) => createProblemResponse(error, { logger }));
    if (served !== undefined)
      inner.route(`/${served.contract.name}`, createRoutes(served, { logger, principalOf: () => principal }));
    return inner.fetch(request);
  };
  const app = new Hono();
  app.onError((error) => createProblemResponse(error, { logger }));
  const test: TestGraphql = {
    services,
    principal: testOwner,
    isLocal: true,
    fetch: async (request) => await app.fetch(request),
    async ask(query, { variables, headers } = {}) {
      const body = JSON.stringify({ query, variables });
      const init = { method: "POST", body, headers: { "content-type": "application/json", ...headers } };
      const response = await app.fetch(new Request("http://127.0.0.1/graphql", init));
      return { status: response.status, ...((await response.json()) as Omit<GraphqlAnswer, "status">) };
    },
  };
  app.route(
    "/graphql",
    createGraphqlRoutes({
      own: () => source,
      services: {
        list: async () =>
          test.services.map(({ contract }) => ({ ...contract, contractHash: String(contract.operations.length) })),
        contractOf: async (name) => sourceOf(test.services.find(({ contract }) => contract.name === name)!).document,
      },
      principalOf: () => test.principal,
      isLocal: () => test.isLocal,
      routes: { ownService: own.contract.name, prefixOf: (service) => `/${service}`, fetchAs },
      logger,
      shutdown: new AbortController().signal,
    }),
  );
  return test;
}
