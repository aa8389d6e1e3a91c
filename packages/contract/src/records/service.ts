/** Domain services as callers see them. */
import { z } from "zod";
import { Count, Name, Reason } from "./fields.ts";

export const serviceStates = ["running", "stopped", "blocked"] as const;

export const Service = z
  .object({
    name: z.string().max(31),
    title: Name,
    state: z
      .enum(serviceStates)
      .describe("stopped: installed without a live instance; blocked: something must be done first"),
    instanceCount: Count,
    contractHash: z.string().max(64).describe("Changes with the service's operations"),
    reason: Reason.nullable().describe("What blocks it"),
    statements: z.array(z.string()).describe("SQL that a database administrator must run first"),
  })
  .meta({ id: "Service" });
export type ServiceRecord = z.output<typeof Service>;
