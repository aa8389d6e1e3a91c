/** `/mcp`: the home by the Model Context Protocol. What serves it is loaded by the first request: open-home-endpoint.ts. */
import type { Principal } from "@roost/contract";
import type { McpEndpoint } from "@roost/mcp";
import { Hono } from "hono";
import { toMcpClient, type McpClient } from "./mcp-client.ts";
import type { HomeEndpointOptions } from "./open-home-endpoint.ts";

export const mcpPath = "/mcp";

/** Expects an authenticated caller. */
export function serveMcp(options: HomeEndpointOptions): Hono {
  let opening: Promise<McpEndpoint<McpClient>> | undefined;
  const open = () =>
    (opening ??= import("./open-home-endpoint.ts").then(({ openHomeEndpoint }) => openHomeEndpoint(options)));
  const routes = new Hono();
  routes.all("/", async (context) => {
    const client = toMcpClient(context.get("principal" as never) as Principal);
    return (await open()).fetch(context.req.raw, client);
  });
  return routes;
}
