import { serve, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import type { ListedService, ServiceDirectory } from "@roost/service";
import { pageByName, toPage } from "../records/page.ts";

export function serveServices({ directory }: { directory: ServiceDirectory }): Served[] {
  return [
    serve(operations.listServices, async ({ limit, after }) => {
      const { rows, next } = pageByName(await directory.list(), { limit, after }, ({ name }) => name);
      return toPage(rows.map(toServiceRecord), next);
    }),
  ];
}

function toServiceRecord({ instances, ...service }: ListedService): operations.ServiceRecord {
  const state = service.reason !== null ? "blocked" : instances.length > 0 ? "running" : "stopped";
  return { ...service, state, instanceCount: instances.length };
}
