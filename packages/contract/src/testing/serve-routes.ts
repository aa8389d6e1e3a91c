/** Serves operations on a free port of the loopback for a test. */
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { createRoutes, type RoutesOptions } from "../create-routes.ts";
import type { AnyOperation } from "../define-operation.ts";
import type { Handlers } from "../handlers.ts";
import type { ServiceContract } from "../define-service.ts";
import { serveAll } from "../serve.ts";
import { principalOf } from "./people.ts";

export interface ServedRoutes extends AsyncDisposable {
  url: string;
  server: Server;
}

export async function serveRoutes<const Ops extends readonly AnyOperation[]>(
  contract: ServiceContract<Ops>,
  handlers: Handlers<Ops>,
  options: Omit<RoutesOptions, "principalOf"> & { port?: number | undefined },
): Promise<ServedRoutes> {
  const routes = createRoutes(serveAll(contract, handlers), { principalOf, ...options });
  const server = createAdaptorServer({ fetch: routes.fetch }) as Server;
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
