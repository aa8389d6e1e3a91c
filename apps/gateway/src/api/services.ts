import { pageByName, serve, type Served, toPage } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import type { ListedService, ServiceDirectory } from "@roost/service";
import { iso } from "../records/iso.ts";

export function serveServices({ directory }: { directory: ServiceDirectory }): Served[] {
  return [
    serve(operations.listServices, async ({ limit, after }) => {
      const { rows, next } = pageByName(await directory.list(), { limit, after }, ({ name }) => name);
      return toPage(rows.map(toServiceRecord), next);
    }),
    serve(operations.getService, async ({ name }) => {
      const found = await directory.find(name);
      const instances = found.instances.map((one) => ({ ...one, startedAt: iso(new Date(one.startedAt)) }));
      return { service: toServiceRecord(found), instances };
    }),
  ];
}

function toServiceRecord(listed: ListedService): operations.ServiceRecord {
  const { name, title, contractHash, reason, statements, instances } = listed;
  return { name, title, state: stateOf(listed), instanceCount: instances.length, contractHash, reason, statements };
}

function stateOf({ instances, isEnabled, reason }: ListedService): operations.ServiceRecord["state"] {
  if (instances.length > 0) return "running";
  if (!isEnabled) return "off";
  return reason === null ? "stopped" : "blocked";
}
