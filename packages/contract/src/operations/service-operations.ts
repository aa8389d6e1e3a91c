/** Domain services. Operations of each are in its own document, /services/{name}/openapi.json. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { JsonFields, Name, pageFields, pageOf, ref, text } from "../records/fields.ts";
import { Service, ServiceInstance } from "../records/service.ts";
import { ThirdParty, ThirdPartyName, ThirdPartyOperation, ThirdPartySecret } from "../records/third-party.ts";

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

const thirdPartyName = ref("ThirdParty", ThirdPartyName);

export const listThirdParties = defineOperation({
  id: "listThirdParties",
  method: "GET",
  path: "/third-parties",
  summary: "Services of other makers, by name",
  input: z.object({ ...pageFields }),
  output: pageOf(ThirdParty),
  effect: "readonly",
});

export const getThirdParty = defineOperation({
  id: "getThirdParty",
  method: "GET",
  path: "/third-parties/{name}",
  summary: "A service of another maker, its operations and its document",
  input: z.object({ name: thirdPartyName }),
  output: z.object({ thirdParty: ThirdParty, operations: z.array(ThirdPartyOperation), document: JsonFields }),
  errors: ["not_found"],
  effect: "readonly",
});

export const putThirdParty = defineOperation({
  id: "putThirdParty",
  method: "PUT",
  path: "/third-parties/{name}",
  summary: "Adds a service of another maker, or replaces what was chosen of it",
  description:
    "The document is the reduced one that roost service add makes of an OpenAPI document. Agents that name the service have its operations as tools from their next run on.",
  input: z.object({
    name: thirdPartyName,
    title: Name,
    server: text(2048).min(1),
    source: text(2048).min(1),
    sourceHash: text(64).min(1),
    document: JsonFields,
    secrets: z.array(ThirdPartySecret).max(20).default([]),
  }),
  output: z.object({ thirdParty: ThirdParty, change: z.enum(["created", "changed", "unchanged"]) }),
  errors: ["conflict"],
  effect: "idempotent",
});

export const removeThirdParty = defineOperation({
  id: "removeThirdParty",
  method: "DELETE",
  path: "/third-parties/{name}",
  summary: "Removes a service of another maker; agents lose its tools",
  input: z.object({ name: thirdPartyName }),
  output: z.object({ thirdParty: ThirdParty }),
  errors: ["not_found"],
  effect: "idempotent",
});

export const serviceOperations = [
  listServices,
  getService,
  listThirdParties,
  getThirdParty,
  putThirdParty,
  removeThirdParty,
] as const;
