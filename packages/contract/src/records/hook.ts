/** Webhooks that come in, as callers see them. Their keys are in none of these. */
import { z } from "zod";
import { Count, Id, Name, Time } from "./fields.ts";
import { TokenName } from "./token.ts";

export const hookForms = ["standard", "github"] as const;
export const HookForm = z
  .enum(hookForms)
  .describe("How a delivery is signed: by the rules of Standard Webhooks, or as GitHub does");

/** It stands in the address. */
export const HookName = TokenName;

export const Hook = z
  .object({
    id: Id,
    name: Name,
    form: HookForm,
    path: z.string().max(200).describe("Where deliveries are sent to, behind the address of the gateway"),
    keyRef: z.string().max(200).nullable().describe("Where its key is kept; null: in a file of the home"),
    receivedCount: Count,
    receivedAt: Time.nullable(),
    createdBy: Name,
    createdAt: Time,
  })
  .meta({ id: "Hook" });
export type HookRecord = z.output<typeof Hook>;
