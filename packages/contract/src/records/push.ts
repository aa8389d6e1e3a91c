/** Browsers that take pushes, as callers see them; their addresses are never told. */
import { z } from "zod";
import { Id, Name, Time } from "./fields.ts";

export const PushSubscription = z
  .object({
    id: Id,
    name: Name.describe("Of the browser"),
    service: Name.describe("Host of its push service"),
    createdAt: Time,
    isRemovable: z.boolean().describe("By the caller: its own, and any by the owner of the home"),
    sentAt: Time.nullable().describe("When it was woken last"),
  })
  .meta({ id: "PushSubscription" });
export type PushSubscriptionRecord = z.output<typeof PushSubscription>;
