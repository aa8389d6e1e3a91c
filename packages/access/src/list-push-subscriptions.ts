/** Browsers that take pushes. What is sent to them, and how, is the gateway's. */
import { RoostError } from "@roost/base";
import type { Kernel, KernelTransaction } from "@roost/kernel";

export interface PushSubscription {
  id: string;
  endpoint: string;
  name: string;
  /** The caller that subscribed last with it. */
  createdBy: string;
  createdAt: Date;
  sentAt: Date | null;
}

const subscriptionsMax = 50;
const columns = 'id, endpoint, name, created_by as "createdBy", created_at as "createdAt", sent_at as "sentAt"';

/** The oldest first; there are few. */
export async function listPushSubscriptions(kernel: Kernel): Promise<PushSubscription[]> {
  return kernel.database.query<PushSubscription>(
    `select ${columns} from access.push_subscription order by created_at, id limit ${subscriptionsMax}`,
  );
}

/** Of a browser that is known its name and its owner are renewed: it may have signed in as another. @throws RoostError `limit_exceeded` */
export async function addPushSubscription(
  kernel: Kernel,
  { endpoint, name, by }: { endpoint: string; name: string; by: string },
): Promise<PushSubscription> {
  return kernel.transact(async (tx) => {
    const [counted] = await tx.query<{ count: number }>(
      "select count(*)::int as count from access.push_subscription where endpoint <> $1",
      [endpoint],
    );
    if ((counted?.count ?? 0) >= subscriptionsMax)
      throw new RoostError("limit_exceeded", `${subscriptionsMax} browsers take pushes (the limit): remove some`);
    const [kept] = await tx.query<PushSubscription>(
      `insert into access.push_subscription (id, endpoint, name, created_by) values ($1, $2, $3, $4)
       on conflict (endpoint) do update set name = excluded.name, created_by = excluded.created_by returning ${columns}`,
      [kernel.createId(), endpoint, name, by],
    );
    return kept!;
  });
}

/** By id. `by`: undefined, anybody's. @throws RoostError `not_found`, also for one of another */
export async function removePushSubscription(
  kernel: Kernel,
  id: string,
  { by }: { by?: string | undefined } = {},
): Promise<PushSubscription> {
  const [removed] = await kernel.database.query<PushSubscription>(
    `delete from access.push_subscription where id = $1 and ($2::text is null or created_by = $2) returning ${columns}`,
    [id, by ?? null],
  );
  if (removed !== undefined) return removed;
  const whose = by === undefined ? "" : ` for ${by}`;
  throw new RoostError("not_found", `no browser with the id ${id} takes pushes${whose}`);
}

/** Those of a caller that is none any more. */
export async function removePushSubscriptionsOf(tx: KernelTransaction, createdBy: string): Promise<void> {
  await tx.query("delete from access.push_subscription where created_by = $1", [createdBy]);
}

/** What came of a push: those that were reached, and those whose service says that they are gone. */
export async function notePushes(kernel: Kernel, { sent, gone }: { sent: string[]; gone: string[] }): Promise<void> {
  await kernel.database.query("delete from access.push_subscription where id = any($1::uuid[])", [gone]);
  await kernel.database.query("update access.push_subscription set sent_at = roost.now() where id = any($1::uuid[])", [
    sent,
  ]);
}
