/** Web push: which browsers are woken when something needs the person. What is sent has no content. */
import { z } from "zod";
import { defineOperation } from "../define-operation.ts";
import { Id, WrittenName, pageFields, pageOf } from "../records/fields.ts";
import { PushSubscription } from "../records/push.ts";

const access = { audience: ["owner", "device"] } as const;

export const getPushKey = defineOperation({
  id: "getPushKey",
  method: "GET",
  path: "/push/key",
  summary: "The public key by which a browser knows pushes of this home (VAPID)",
  input: z.object({}),
  output: z.object({ publicKey: z.string().max(200).describe("An uncompressed point of P-256, in base64url") }),
  effect: "readonly",
  needs: "home",
  access,
});

export const listPushSubscriptions = defineOperation({
  id: "listPushSubscriptions",
  method: "GET",
  path: "/push/subscriptions",
  summary: "Browsers that take pushes",
  input: z.object({ ...pageFields }),
  output: pageOf(PushSubscription),
  effect: "readonly",
  access,
});

export const subscribePush = defineOperation({
  id: "subscribePush",
  method: "POST",
  path: "/push/subscriptions",
  summary: "Wakes a browser from now on when something needs the person",
  input: z.object({
    endpoint: z
      .url({ protocol: /^https?$/ })
      .max(2_000)
      .describe("As the browser's push manager gives it"),
    name: WrittenName,
  }),
  output: z.object({ subscription: PushSubscription }),
  errors: ["limit_exceeded"],
  effect: "idempotent",
  access,
});

export const unsubscribePush = defineOperation({
  id: "unsubscribePush",
  method: "DELETE",
  path: "/push/subscriptions/{id}",
  summary: "Wakes a browser no more",
  description: "A device removes its own browsers, the owner any. One that is revoked loses its browsers by itself.",
  input: z.object({ id: Id }),
  output: z.object({ subscription: PushSubscription }),
  errors: ["not_found"],
  effect: "idempotent",
  access,
});

export const pushOperations = [getPushKey, listPushSubscriptions, subscribePush, unsubscribePush] as const;
