/** Web push: the key, and which browsers are woken. */
import {
  addPushSubscription,
  listPushSubscriptions,
  removePushSubscription,
  type PushSubscription,
} from "@roost/access";
import { RoostError } from "@roost/base";
import { pageByName, serve, toPage, type Principal, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import type { Kernel } from "@roost/kernel";
import { isPushService, readPushKey } from "../notices/send-push.ts";
import { isoOrNull } from "../records/iso.ts";
import { requireUuid } from "../records/require-uuid.ts";

export function servePush({ kernel, homeDir }: { kernel: Kernel; homeDir: string }): Served[] {
  return [
    serve(operations.getPushKey, async () => ({ publicKey: (await readPushKey(homeDir)).publicKey })),

    serve(operations.listPushSubscriptions, async ({ limit, after }, { principal }) => {
      const all = await listPushSubscriptions(kernel);
      const byId = all.toSorted((one, other) => (one.id < other.id ? -1 : 1));
      const { rows, next } = pageByName(byId, { limit, after }, ({ id }) => id);
      return toPage(
        rows.map((row) => toRecord(row, principal)),
        next,
      );
    }),

    serve(operations.subscribePush, async ({ endpoint, name }, { principal }) => {
      if (!isPushService(endpoint))
        throw new RoostError(
          "invalid_input",
          `${new URL(endpoint).host} is no push service of a browser that is known here`,
        );
      const by = principal.id;
      return { subscription: toRecord(await addPushSubscription(kernel, { endpoint, name, by }), principal) };
    }),

    serve(operations.unsubscribePush, async ({ id }, { principal }) => {
      const by = removesAll(principal) ? undefined : principal.id;
      const removed = await removePushSubscription(kernel, requireUuid("push subscription", id), { by });
      return { subscription: toRecord(removed, principal) };
    }),
  ];
}

function removesAll({ kind }: Principal): boolean {
  return kind === "owner";
}

function toRecord(subscription: PushSubscription, caller: Principal): operations.PushSubscriptionRecord {
  const { id, name, endpoint, createdBy, createdAt, sentAt } = subscription;
  const { host: service } = new URL(endpoint);
  const isRemovable = removesAll(caller) || createdBy === caller.id;
  return { id, name, service, isRemovable, createdAt: createdAt.toISOString(), sentAt: isoOrNull(sentAt) };
}
