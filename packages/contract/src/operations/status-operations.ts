/** Status, configuration, active or due work, and how a browser signs in. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { Name, pageFields, pageOf, Time } from "../records/fields.ts";
import { Activity, ModelCheck, Status } from "../records/status.ts";

export const getStatus = defineOperation({
  id: "getStatus",
  method: "GET",
  path: "/status",
  summary: "Status of the installation",
  input: z.object({}),
  output: Status,
  effect: "readonly",
});

export const checkModels = defineOperation({
  id: "checkModels",
  method: "POST",
  path: "/models/check",
  summary: "Asks each configured model for one token",
  description: "Within the caps, as every call of a model. Takes up to a minute; empty in a rehearsal.",
  input: z.object({}),
  output: z.object({ models: z.array(ModelCheck) }),
  effect: "idempotent",
  access: { audience: ["owner", "device", "host"] },
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

export const createSignInCode = defineOperation({
  id: "createSignInCode",
  method: "POST",
  path: "/sign-in-codes",
  summary: "A code that signs one browser in, once, within five minutes",
  description:
    "Open the gateway's address with `#sign-in=` and the code behind it: a fragment is never sent to a server or a proxy.",
  input: z.object({}),
  output: z.object({ code: z.string().max(500), expiresAt: Time }),
  effect: "unsafe",
  // The browser that it signs in is the owner: nothing less gives that.
  access: { scope: "access:write", audience: ["owner"] },
});

export const statusOperations = [getStatus, checkModels, listActivity, getConfig, createSignInCode] as const;
