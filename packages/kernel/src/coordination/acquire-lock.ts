/**
 * Takes a named lock: a lease with a deadline and an epoch. Waiters are served in order of arrival. The lock alone stops no one: what it protects
 * must refuse older epochs, or the holder must finish well before its deadline.
 */
import { RoostError } from "@roost/base";
import type { Labels } from "@roost/contract/labels";
import type { Kernel } from "../open-kernel.ts";
import type { KernelTransaction } from "../transact.ts";
import { checkMs, checkName } from "./check-limits.ts";
import { coordinationLimits } from "./coordination-limits.ts";
import { emitLockEvent } from "./emit-lock-event.ts";

export interface LockRequest {
  name: string;
  /** Each possible holder needs its own name. Repeated by the same holder it returns the lock it has. */
  holder: string;
  ttlMs: number;
  /** Default 0: answers at once. */
  waitMs?: number | undefined;
  purpose?: string | undefined;
  /** The lock is released when this run ends. */
  runId?: string | undefined;
  /** Labels of the caller: they limit how far its text can be trusted. Default: the person's. */
  labels?: Labels | undefined;
  causation?: string | undefined;
  correlation?: string | undefined;
}

export interface LockAnswer {
  acquired: boolean;
  name: string;
  /** The current holder, or the next in line. */
  holder: string;
  epoch: number;
  expiresAt: Date;
  purpose: string | null;
}

/** A lock held by another is an answer, not an error. */
export async function acquireLock(
  kernel: Kernel,
  request: LockRequest,
  options: { signal?: AbortSignal } = {},
): Promise<LockAnswer> {
  const { name, holder, ttlMs, waitMs = 0 } = request;
  checkName("lock", name);
  checkName("holder", holder);
  checkMs("time to live", ttlMs, { min: coordinationLimits.ttlMsMin, max: coordinationLimits.ttlMsMax });
  checkMs("wait", waitMs, { min: 0, max: coordinationLimits.waitMsMax });
  const startedAt = performance.now();
  // Watched before the first try, so that no release in between is missed.
  using releases = kernel.wakeups.watch("leases");
  for (;;) {
    const leftMs = waitMs - (performance.now() - startedAt);
    const waits = leftMs > 0;
    const answer = await kernel.transact((tx) => tryLock(tx, request, waits), options);
    if (answer.acquired || !waits) return answer;
    const pollMs = Math.max(1, Math.min(leftMs, coordinationLimits.waitPollMs));
    const outcome = await releases.next({ timeoutMs: pollMs, signal: options.signal });
    if (outcome === "aborted") {
      await kernel.database.query("delete from roost.lock_waiter where name = $1 and waiter = $2", [name, holder]);
      throw new RoostError("timeout", `Waiting for the lock "${name}" was aborted`, { cause: options.signal?.reason });
    }
  }
}

interface LockRow {
  epoch: number;
  holder: string | null;
  purpose: string | null;
  runId: string | null;
  expiresAt: Date | null;
  now: Date;
  isHeld: boolean;
}

/** One try. The row lock decides between concurrent tries. */
async function tryLock(tx: KernelTransaction, request: LockRequest, waits: boolean): Promise<LockAnswer> {
  const { name, holder } = request;
  const row = await lockRow(tx, name);
  if (row.isHeld && row.holder === holder) return keepLock(tx, request, row);
  if (row.isHeld && row.holder !== null && row.expiresAt !== null) {
    await queue(tx, request, waits);
    return {
      acquired: false,
      name,
      holder: row.holder,
      epoch: row.epoch,
      expiresAt: row.expiresAt,
      purpose: row.purpose,
    };
  }
  const [first] = await tx.query<{ waiter: string; expiresAt: Date }>(
    `select waiter, expires_at as "expiresAt" from roost.lock_waiter where name = $1 and expires_at > roost.now() order by seq limit 1`,
    [name],
  );
  if (first !== undefined && first.waiter !== holder) {
    await queue(tx, request, waits);
    return { acquired: false, name, holder: first.waiter, epoch: row.epoch, expiresAt: first.expiresAt, purpose: null };
  }
  return grant(tx, request, row);
}

async function lockRow(tx: KernelTransaction, name: string): Promise<LockRow> {
  await tx.query("insert into roost.lock (name, epoch, cause_id) values ($1, 0, '') on conflict (name) do nothing", [
    name,
  ]);
  const [row] = await tx.query<LockRow>(
    `select epoch, holder, purpose, run_id as "runId", expires_at as "expiresAt", roost.now() as now,
       holder is not null and expires_at > roost.now()
         and (run_id is null or exists (select 1 from roost.run where run.id = lock.run_id and run.ended_at is null)) as "isHeld"
     from roost.lock where name = $1 for update`,
    [name],
  );
  if (row === undefined)
    throw new RoostError("unavailable", `The lock "${name}" was swept while it was taken: try again`);
  return row;
}

/** Repeating a request whose answer was lost is harmless: same epoch, no event. */
async function keepLock(tx: KernelTransaction, request: LockRequest, row: LockRow): Promise<LockAnswer> {
  const [kept] = await tx.query<{ expiresAt: Date }>(
    `update roost.lock set expires_at = greatest(expires_at, roost.now() + $2 * interval '1 ms'), renewed_at = roost.now()
     where name = $1 returning expires_at as "expiresAt"`,
    [request.name, request.ttlMs],
  );
  return {
    acquired: true,
    name: request.name,
    holder: request.holder,
    epoch: row.epoch,
    expiresAt: kept?.expiresAt ?? row.now,
    purpose: row.purpose,
  };
}

async function grant(tx: KernelTransaction, request: LockRequest, row: LockRow): Promise<LockAnswer> {
  const { name, holder, purpose, runId } = request;
  if (row.holder !== null) {
    const isExpired = row.expiresAt !== null && row.expiresAt <= row.now;
    emitLockEvent(
      tx,
      isExpired ? "lock.expired" : "lock.released",
      { name, holder: row.holder, epoch: row.epoch, runId: row.runId },
      isExpired ? {} : { reason: "its run has ended" },
    );
  }
  await tx.query("delete from roost.lock_waiter where name = $1 and waiter = $2", [name, holder]);
  const [granted] = await tx.query<{ epoch: number; expiresAt: Date }>(
    `update roost.lock set epoch = nextval('roost.lock_epoch'), holder = $2, purpose = $3, run_id = $4, acquired_at = roost.now(),
       renewed_at = roost.now(), expires_at = roost.now() + $5 * interval '1 ms', released_at = null
     where name = $1 and ($4::uuid is null or exists (select 1 from roost.run where run.id = $4 and run.ended_at is null))
     returning epoch, expires_at as "expiresAt"`,
    [name, holder, purpose ?? null, runId ?? null, request.ttlMs],
  );
  if (granted === undefined)
    throw new RoostError("conflict", `Run ${runId} has ended: it cannot take the lock "${name}"`);
  const { epoch, expiresAt } = granted;
  const causeId = emitLockEvent(
    tx,
    "lock.acquired",
    { name, holder, epoch, runId: runId ?? null },
    { expiresAt: expiresAt.toISOString(), purpose },
    request,
  );
  await tx.query("update roost.lock set cause_id = $2 where name = $1", [name, causeId]);
  return { acquired: true, name, holder, epoch, expiresAt, purpose: purpose ?? null };
}

/** Joins the queue or stays in it. A waiter keeps its place as long as it keeps asking. */
async function queue(tx: KernelTransaction, { name, holder }: LockRequest, waits: boolean): Promise<void> {
  if (!waits) {
    await tx.query("delete from roost.lock_waiter where name = $1 and waiter = $2", [name, holder]);
    return;
  }
  await tx.query("delete from roost.lock_waiter where name = $1 and expires_at <= roost.now()", [name]);
  const [line] = await tx.query<{ count: number }>(
    "select count(*)::int as count from roost.lock_waiter where name = $1 and waiter <> $2",
    [name, holder],
  );
  if ((line?.count ?? 0) >= coordinationLimits.waitersMax) {
    throw new RoostError(
      "limit_exceeded",
      `${coordinationLimits.waitersMax} wait for the lock "${name}" already: try again later`,
    );
  }
  await tx.query(
    `insert into roost.lock_waiter (name, waiter, since, expires_at) values ($1, $2, roost.now(), roost.now() + $3 * interval '1 ms')
     on conflict (name, waiter) do update set expires_at = excluded.expires_at`,
    [name, holder, coordinationLimits.waiterTtlMs],
  );
}
