/** Topic `webhooks`: what other programs told by webhook. The subject is the hook's name. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { Json, Name } from "../records/fields.ts";

export const webhookReceived = defineEvent({
  type: "webhook.received",
  version: 1,
  topic: "webhooks",
  subject: "name of the hook",
  schema: z.object({
    hook: Name,
    deliveryId: Name.describe("The sender's id of the delivery: one event for each"),
    event: Name.optional().describe("What happened, where the sender says it beside the payload, as GitHub does"),
    payload: Json,
  }),
});

export const webhookEvents = [webhookReceived] as const;
