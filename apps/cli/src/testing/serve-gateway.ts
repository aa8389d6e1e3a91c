/** A gateway for tests: real HTTP and contract, with handlers given by the test. */
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { RoostError, silentLogger } from "@roost/base";
import { createRoutes, serveAll, type Handlers } from "@roost/contract";
import type { roostOperations } from "@roost/contract/operations";
import { roostContract } from "@roost/contract/roost";

export type GatewayHandlers = Partial<Handlers<typeof roostOperations>>;

export interface ServedGateway extends AsyncDisposable {
  url: string;
  port: number;
  /** Ids of the called operations, in order. */
  calls: string[];
}

export const testToken = "test-token";

/** Operations without a handler answer not_found. */
export async function serveGateway(
  handlers: GatewayHandlers,
  options: { port?: number | undefined } = {},
): Promise<ServedGateway> {
  const calls: string[] = [];
  const all = new Proxy(handlers, {
    get: (target, id: string) => (input: unknown, call: unknown) => {
      calls.push(id);
      const handler = target[id as keyof GatewayHandlers] as ((...given: unknown[]) => unknown) | undefined;
      if (handler === undefined) throw new RoostError("not_found", `this gateway has no ${id}`);
      return handler(input, call);
    },
  }) as Handlers<typeof roostOperations>;
  const routes = createRoutes(serveAll(roostContract, all), {
    logger: silentLogger,
    principalOf: () => ({ id: "person:owner", kind: "owner", scopes: ["*"] }),
  });
  const server = createAdaptorServer({
    fetch: (request: Request) => {
      if (request.headers.get("authorization") !== `Bearer ${testToken}`) {
        const body = JSON.stringify({
          status: 401,
          title: "Unauthenticated",
          detail: "not the token",
          code: "unauthenticated",
        });
        return new Response(body, { status: 401, headers: { "content-type": "application/problem+json" } });
      }
      const url = new URL(request.url);
      if (url.pathname === "/graphql/schema.graphql") return new Response("type Query {\n  getStatus: Status\n}");
      if (!url.pathname.startsWith("/api/v1/")) return Response.json({ openapi: "3.1.0" });
      url.pathname = url.pathname.slice("/api/v1".length);
      return routes.fetch(new Request(url, request));
    },
  }) as Server;
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    calls,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
