/** Renews, releases and expires locks. */
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { checkMs } from "./check-limits.ts";
import { allOrEach, setAsideMs } from "../each-alone.ts";
import { coordinationLimits } from "./coordination-limits.ts";
import { emitLockEvent, type HeldLock } from "./emit-lock-event.ts";

export interface LockToken {
  name: string;
  holder: string;
  epoch: number;
}

export interface RenewedLock {
  /** False: the deadline has passed or another holds it; stop what it protects. */
  isHeld: boolean;
  /** The current holder. */
  holder: string | null;
  epoch: number | null;
  expiresAt: Date | null;
}

export async function renewLock(kernel: Kernel, lock: LockToken & { ttlMs: number }): Promise<RenewedLock> {
  checkMs("time to live", lock.ttlMs, { min: coordinationLimits.ttlMsMin, max: coordinationLimits.ttlMsMax });
  // Fenced by epoch and deadline: a lock that was free for a moment is not the same lock.
  const [renewed] = await kernel.database.query<{ expiresAt: Date }>(
    `update roost.lock set expires_at = roost.now() + $4 * interval '1 ms', renewed_at = roost.now()
     where name = $1 and epoch = $2 and holder = $3 and expires_at > roost.now()
     returning expires_at as "expiresAt"`,
    [lock.name, lock.epoch, lock.holder, lock.ttlMs],
  );
  if (renewed !== undefined)
    return { isHeld: true, holder: lock.holder, epoch: lock.epoch, expiresAt: renewed.expiresAt };
  const now = await readHolder(kernel, lock.name);
  return { isHeld: false, holder: now?.holder ?? null, epoch: now?.epoch ?? null, expiresAt: now?.expiresAt ?? null };
}

/** Releasing a lock that is no longer held with this epoch changes nothing. */
export async function releaseLock(
  kernel: Kernel,
  lock: LockToken,
): Promise<{ released: boolean; holder: string | null }> {
  const released = await kernel.transact(async (tx) => {
    const rows = await releaseWhere(tx, "lock.name = $1 and lock.epoch = $2 and lock.holder = $3", [
      lock.name,
      lock.epoch,
      lock.holder,
    ]);
    for (const held of rows) emitLockEvent(tx, "lock.released", held, {}, { causation: held.causeId });
    return rows.length > 0;
  });
  return { released, holder: released ? null : ((await readHolder(kernel, lock.name))?.holder ?? null) };
}

/** In the transaction that ends the run; otherwise the scheduler does it a moment later. */
export async function releaseLocksOfRun(tx: KernelTransaction, runId: string): Promise<void> {
  const rows = await releaseWhere(tx, "lock.run_id = $1", [runId], "roost_lock_release_of_run");
  for (const held of rows)
    emitLockEvent(tx, "lock.released", held, { reason: "its run has ended" }, { causation: held.causeId });
}

/** Releases locks whose deadline has passed or whose run has ended. A loop over state: any number of schedulers may run it. */
export async function expireLocks(kernel: Kernel): Promise<number> {
  const overdue = await kernel.database.query<{ name: string }>(
    `select name from roost.lock where holder is not null and expires_at <= roost.now()
     union all
     select name from roost.lock
     where holder is not null and run_id is not null and not exists (select 1 from roost.run where run.id = lock.run_id and run.ended_at is null)
     limit $1`,
    [coordinationLimits.passMax],
    { name: "lock-overdue" },
  );
  return allOrEach(
    kernel,
    overdue.map((lock) => lock.name),
    {
      what: "lock",
      work: expire,
      setAside: (tx, name) =>
        tx.query(
          "update roost.lock set run_id = null, expires_at = roost.now() + $2 * interval '1 millisecond' where name = $1",
          [name, setAsideMs],
        ),
    },
  );
}

async function expire(tx: KernelTransaction, names: string[]): Promise<number> {
  const rows = await releaseWhere(
    tx,
    `lock.name in (select name from roost.lock where name = any($1) order by name for update skip locked)
     and (lock.expires_at <= roost.now()
       or lock.run_id is not null and not exists (select 1 from roost.run where run.id = lock.run_id and run.ended_at is null))`,
    [names],
  );
  for (const held of rows) {
    if (held.isExpired) emitLockEvent(tx, "lock.expired", held, {}, { causation: held.causeId });
    else emitLockEvent(tx, "lock.released", held, { reason: "its run has ended" }, { causation: held.causeId });
  }
  return rows.length;
}

interface ReleasedRow extends HeldLock {
  causeId: string;
  isExpired: boolean;
}

async function releaseWhere(
  tx: KernelTransaction,
  condition: string,
  values: unknown[],
  name?: string,
): Promise<ReleasedRow[]> {
  const rows = await tx.query<ReleasedRow>(
    `with held as (select name, holder, epoch, run_id, cause_id, expires_at <= roost.now() as is_expired from roost.lock
       where holder is not null and ${condition} for update)
     update roost.lock set holder = null, purpose = null, run_id = null, acquired_at = null, expires_at = null, released_at = roost.now()
     from held where lock.name = held.name
     returning held.name, held.holder, held.epoch, held.run_id as "runId", held.cause_id as "causeId", held.is_expired as "isExpired"`,
    values,
    name === undefined ? {} : { name },
  );
  if (rows.length > 0) tx.wake("leases");
  return rows;
}

async function readHolder(
  kernel: Kernel,
  name: string,
): Promise<{ holder: string; epoch: number; expiresAt: Date } | undefined> {
  const [row] = await kernel.database.query<{ holder: string; epoch: number; expiresAt: Date }>(
    `select holder, epoch, expires_at as "expiresAt" from roost.lock where name = $1 and holder is not null and expires_at > roost.now()`,
    [name],
  );
  return row;
}
