import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import type { HomeRouter } from "../routing/create-home-router.ts";

export function serveRoutes(router: HomeRouter): Served[] {
  return [
    serve(operations.findRoute, ({ text }) => router.find(text)),
    serve(operations.decideRoute, ({ text }, { signal }) => router.decide(text, signal)),
    serve(operations.correctRoute, async ({ text, kind, id }, { principal }) => ({
      text,
      ...(await router.correct({ text, kind, id, by: principal.id })),
    })),
  ];
}
