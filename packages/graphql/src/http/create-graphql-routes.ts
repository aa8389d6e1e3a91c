/**
 * GraphQL over HTTP, and over server-sent events for subscriptions (the protocol of graphql-sse, one connection an operation). What executes is
 * loaded by the first request: graphql-door.ts.
 */
import { RoostError } from "@roost/base";
import { createProblemResponse } from "@roost/contract";
import { Hono, type Context } from "hono";
import type { GraphqlDoor, GraphqlDoorOptions } from "./graphql-door.ts";

export function createGraphqlRoutes(options: GraphqlDoorOptions): Hono {
  const { logger, isLocal } = options;
  let opening: Promise<GraphqlDoor> | undefined;
  const open = () =>
    (opening ??= import("./graphql-door.ts").then(({ createGraphqlDoor }) => createGraphqlDoor(options)));

  const tell = async (context: Context): Promise<Response> => {
    if (!isLocal(context)) throw new RoostError("forbidden", "The schema is told on this machine only");
    const door = await open();
    return context.text(await door.printSchema(), 200, { "cache-control": "no-store" });
  };

  const app = new Hono();
  app.get("/schema.graphql", tell);
  app.on(["GET", "POST"], "/", async (context) => {
    try {
      const door = await open();
      return await door.answer(context);
    } catch (error) {
      return createProblemResponse(error, { logger });
    }
  });
  app.all("/", ({ req }) => {
    const error = new RoostError("invalid_input", `${req.method} is not served at ${req.path}: use GET or POST`);
    return createProblemResponse(error, { logger, status: 405, headers: { allow: "GET, POST" } });
  });
  return app;
}
