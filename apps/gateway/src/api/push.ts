/** Web push: the key, and which browsers are woken. */
import {
  addPushSubscription,
  listPushSubscriptions,
  removePushSubscription,
  type PushSubscription,
} from "@roost/access";
import { RoostError } from "@roost/base";
import { pageByName, serve, toPage, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import type { Kernel } from "@roost/kernel";
import { isPushService, readPushKey } from "../notices/send-push.ts";
import { isoOrNull } from "../records/iso.ts";
import { requireUuid } from "../records/require-uuid.ts";

export function servePush({ kernel, homeDir }: { kernel: Kernel; homeDir: string }): Served[] {
  return [
    serve(operations.getPushKey, async () => ({ publicKey: (await readPushKey(homeDir)).publicKey })),

    serve(operations.listPushSubscriptions, async ({ limit, after }) => {
      const all = await listPushSubscriptions(kernel);
      const byId = all.toSorted((one, other) => (one.id < other.id ? -1 : 1));
      const { rows, next } = pageByName(byId, { limit, after }, ({ id }) => id);
      return toPage(rows.map(toRecord), next);
    }),

    serve(operations.subscribePush, async ({ endpoint, name }, { principal }) => {
      if (!isPushService(endpoint))
        throw new RoostError(
          "invalid_input",
          `${new URL(endpoint).host} is no push service of a browser that is known here`,
        );
      return { subscription: toRecord(await addPushSubscription(kernel, { endpoint, name, by: principal.id })) };
    }),

    serve(operations.unsubscribePush, async ({ id }) => ({
      subscription: toRecord(await removePushSubscription(kernel, requireUuid("push subscription", id))),
    })),
  ];
}

function toRecord({ id, name, endpoint, createdAt, sentAt }: PushSubscription): operations.PushSubscriptionRecord {
  const { host: service } = new URL(endpoint);
  return { id, name, service, createdAt: createdAt.toISOString(), sentAt: isoOrNull(sentAt) };
}
