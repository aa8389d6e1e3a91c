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
      .describe("stopped: installed, and no instance answers for it; blocked: something has to be done first"),
    instanceCount: Count,
    contractHash: z.string().max(64).describe("Changes when what can be asked of it changes"),
    reason: Reason.nullable().describe("What blocks it"),
    statements: z.array(z.string()).describe("SQL that an administrator of the database has to run first"),
  })
  .meta({ id: "Service" });
export type Service = z.output<typeof Service>;
