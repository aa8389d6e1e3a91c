/** Domain services as callers see them. */
import { z } from "zod";
import { Count, Id, Name, Reason, Time } from "./fields.ts";
import { servicePattern } from "./limits.ts";

/** As contracts have it. */
export const ServiceName = z
  .string()
  .regex(servicePattern, "must be 1 to 31 lower-case letters, digits and -, beginning with a letter");

export const serviceStates = ["running", "stopped", "blocked", "off"] as const;

export const Service = z
  .object({
    name: z.string().max(31),
    title: Name,
    state: z
      .enum(serviceStates)
      .describe(
        "stopped: without a live instance; blocked: something must be done first; off: not named in roost.yaml",
      ),
    instanceCount: Count,
    contractHash: z.string().max(64).nullable().describe("Changes with the service's operations; null: not loaded yet"),
    reason: Reason.nullable().describe("What blocks it"),
    statements: z.array(z.string()).describe("SQL that a database administrator must run first"),
  })
  .meta({ id: "Service" });
export type ServiceRecord = z.output<typeof Service>;

export const ServiceInstance = z
  .object({ id: Id, url: z.string().max(2048), host: z.string().max(255), pid: Count, startedAt: Time })
  .meta({ id: "ServiceInstance" });
export type ServiceInstanceRecord = z.output<typeof ServiceInstance>;
