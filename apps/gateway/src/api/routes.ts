import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import type { HomeRouter } from "../routing/create-home-router.ts";

export function serveRoutes(router: HomeRouter): Served[] {
  return [
    serve(operations.findRoute, ({ text }) => router.find(text)),
    serve(operations.correctRoute, async ({ text, kind, id }, { principal }) => {
      await router.correct({ text, kind, id, by: principal.id });
      return { text };
    }),
  ];
}
