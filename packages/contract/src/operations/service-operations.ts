/** Domain services. Operations of each are in its own document, /services/{name}/openapi.json. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { pageFields, pageOf } from "../records/fields.ts";
import { Service, ServiceInstance } from "../records/service.ts";

export const listServices = defineOperation({
  id: "listServices",
  method: "GET",
  path: "/services",
  summary: "Domain services by name, and whether they are running",
  input: z.object({ ...pageFields }),
  output: pageOf(Service),
  effect: "readonly",
  access: { audience: ["owner", "device", "client", "agent", "service", "script", "host"] },
});

export const getService = defineOperation({
  id: "getService",
  method: "GET",
  path: "/services/{name}",
  summary: "A domain service and where it runs",
  input: z.object({ name: z.string().max(31) }),
  output: z.object({ service: Service, instances: z.array(ServiceInstance) }),
  errors: ["not_found"],
  effect: "readonly",
  access: { audience: ["owner", "device", "client", "agent", "service", "script", "host"] },
});

export const serviceOperations = [listServices, getService] as const;
