/** Status, configuration, and active or due work. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { Name, pageFields, pageOf, Time } from "../records/fields.ts";
import { Activity, Status } from "../records/status.ts";

export const getStatus = defineOperation({
  id: "getStatus",
  method: "GET",
  path: "/status",
  summary: "Status of the installation",
  input: z.object({}),
  output: Status,
  effect: "readonly",
});

export const listActivity = defineOperation({
  id: "listActivity",
  method: "GET",
  path: "/activity",
  summary: "All active, waiting and due work, heartbeats included",
  description: "Running first, then waiting and queued by age, then jobs by due time.",
  input: z.object({ ...pageFields, limit: pageFields.limit.default(200) }),
  output: pageOf(Activity).extend({ at: Time.describe("Time of the snapshot") }),
  effect: "readonly",
});

export const ConfigEntry = z
  .object({
    name: Name,
    value: z.string().max(4000).nullable().describe("Null when not set; secrets are never shown"),
    source: z.enum(["default", "environment", "settings", "detected"]),
    isSecret: z.boolean(),
  })
  .meta({ id: "ConfigEntry" });

export const getConfig = defineOperation({
  id: "getConfig",
  method: "GET",
  path: "/config",
  summary: "The configuration in force, without secrets",
  input: z.object({}),
  output: z.object({ entries: z.array(ConfigEntry) }),
  effect: "readonly",
  access: { audience: ["owner", "device", "host"] },
});

export const statusOperations = [getStatus, listActivity, getConfig] as const;
