/**
 * A process that owns runs: a row with a deadline, and a session-level advisory lock on its own connection. The lock shows its death at once, the
 * deadline shows that it hangs; the epochs of its runs keep both safe.
 */
import { RoostError, type JsonObject } from "@roost/base";
import type { DatabaseSession } from "@roost/database";
import { labelSetNumbers } from "../log/label-sets.ts";
import type { Kernel } from "../open-kernel.ts";
import type { Owned } from "../runs/run.ts";
import manifest from "../../package.json" with { type: "json" };
import { isDrainedSql, isOtherMinorSql, waitForDrain } from "./drained-hosts.ts";
import { handBackRuns } from "./hand-back-runs.ts";

export interface NewWorker {
  kind: "worker" | "scheduler";
  host: string;
  pid: number;
  details?: JsonObject | undefined;
  /** Whose runs it takes, and what it offers to them. Default: none. */
  queues?: readonly string[];
  capabilities?: readonly string[];
  /** Of its program. Default: the kernel's. */
  version?: string | undefined;
  /** Without a heartbeat for this long the worker counts as hung. Default 15,000. */
  ttlMs?: number | undefined;
}

export interface Heartbeat {
  /** Runs of this worker that are to be cancelled. */
  cancelled: string[];
  /** Of the named runs, those that this worker no longer owns at that epoch: abort them. */
  lostRuns: string[];
  /** Runs of this worker that it was not told of: the answer to their claim was lost. Give them back. */
  unheld: Owned[];
  /** The worker was declared dead: stop all work and register again. */
  lost: boolean;
  /** It takes nothing new: its host is drained, or its program has another minor version than the home. */
  isDrained: boolean;
}

export interface WorkerRegistration extends AsyncDisposable {
  workerId: string;
  /** Aborted when the connection that proves this process alive is gone, or the worker was declared dead. */
  lost: AbortSignal;
  /** Renews the deadline. */
  heartbeat(options?: { running?: Owned[] }): Promise<Heartbeat>;
  /** Gives back owned runs (ready again at once, not counted as a loss) and leaves. Disposing does the same. */
  release(): Promise<void>;
}

const ttlMsDefault = 15_000;
/** The answer to a claim takes no longer; if it does, the run's epoch refuses what comes of it. */
const claimAnswerMsMax = 10_000;

export async function registerWorker(kernel: Kernel, worker: NewWorker): Promise<WorkerRegistration> {
  const workerId = kernel.createId();
  const session = await kernel.database.openSession();
  try {
    // The lock comes first: a row without its lock is a dead worker.
    const [locked] = await session.query<{ isLocked: boolean; key: string }>(
      `select pg_try_advisory_lock(k.key) as "isLocked", k.key::text as key from (select hashtextextended('roost.worker:' || $1, 0) as key) as k`,
      [workerId],
    );
    if (locked?.isLocked !== true)
      throw new RoostError("conflict", `worker ${workerId} could not lock its own key: register again`);
    await recordWorker(kernel, worker, { workerId, lockKey: locked.key });
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
  return new Registration(kernel, { workerId, session, ttlMs: worker.ttlMs ?? ttlMsDefault });
}

async function recordWorker(
  kernel: Kernel,
  worker: NewWorker,
  { workerId, lockKey }: { workerId: string; lockKey: string },
): Promise<void> {
  const { kind, host, pid } = worker;
  await kernel.transact(async (tx) => {
    await waitForDrain(tx, host);
    await tx.query(
      `insert into roost.worker (id, host, pid, kind, lock_key, started_at, seen_at, expires_at, details, queues, capabilities, version, skew_ms, is_drained, is_draining)
       values ($1, $2, $3, $4, $5::bigint, roost.now(), roost.now(), roost.now() + $6 * interval '1 millisecond', $7::jsonb, $8, $9, $10, $11, ${isDrainedSql("$2")}, ${isDrainedSql("$2")} or ${isOtherMinorSql("$10")})`,
      [
        workerId,
        host,
        pid,
        kind,
        lockKey,
        worker.ttlMs ?? ttlMsDefault,
        JSON.stringify(worker.details ?? {}),
        worker.queues ?? [],
        worker.capabilities ?? [],
        worker.version ?? manifest.version,
        kernel.skewMs(),
      ],
    );
    tx.emit({
      type: "worker.joined",
      subject: workerId,
      labelSet: labelSetNumbers.open,
      data: { workerId, host: host.slice(0, 255), pid, kind },
    });
  });
}

class Registration implements WorkerRegistration {
  readonly workerId: string;
  readonly lost: AbortSignal;
  readonly #kernel: Kernel;
  readonly #session: DatabaseSession;
  readonly #ttlMs: number;
  readonly #declaredDead = new AbortController();
  #isReleased = false;

  constructor(kernel: Kernel, options: { workerId: string; session: DatabaseSession; ttlMs: number }) {
    this.#kernel = kernel;
    this.#session = options.session;
    this.#ttlMs = options.ttlMs;
    this.workerId = options.workerId;
    this.lost = AbortSignal.any([options.session.lost, this.#declaredDead.signal]);
  }

  async heartbeat(options: { running?: Owned[] } = {}): Promise<Heartbeat> {
    const running = options.running ?? [];
    // Invariant: a passed deadline is never renewed: the reaper may have begun to give the runs away.
    const rows = await this.#kernel.database.query<{
      isRenewed: boolean;
      isDrained: boolean | null;
      cancelled: string[] | null;
      owned: string[] | null;
      unheld: Owned[] | null;
    }>(
      `with renewed as (
         update roost.worker set seen_at = roost.now(), expires_at = roost.now() + $2 * interval '1 millisecond', skew_ms = $6,
           is_draining = is_drained or ${isOtherMinorSql("version")}
         where id = $1 and expires_at > roost.now() returning is_draining
       ), held as (select * from unnest($3::uuid[], $4::bigint[]) as o(id, epoch))
       select exists (select 1 from renewed) as "isRenewed", (select is_draining from renewed) as "isDrained",
         (select array_agg(id::text) from roost.run where worker_id = $1 and state = 'running' and cancel_requested_at is not null) as cancelled,
         (select array_agg(r.id::text) from held o
          join roost.run r on r.id = o.id and r.epoch = o.epoch and r.state = 'running' and r.worker_id = $1) as owned,
         (select jsonb_agg(jsonb_build_object('runId', r.id, 'epoch', r.epoch)) from roost.run r
          where r.worker_id = $1 and r.state = 'running' and r.claimed_at < roost.now() - $5 * interval '1 millisecond'
            and not exists (select from held o where o.id = r.id and o.epoch = r.epoch)) as unheld`,
      [
        this.workerId,
        this.#ttlMs,
        running.map((run) => run.runId),
        running.map((run) => run.epoch),
        claimAnswerMsMax,
        this.#kernel.skewMs(),
      ],
      { name: "roost_worker_heartbeat" },
    );
    const row = rows[0]!;
    const owned = new Set(row.owned ?? []);
    if (!row.isRenewed && !this.#isReleased)
      this.#declaredDead.abort(
        new Error(`worker ${this.workerId} was declared dead: it did not renew its lease in time`),
      );
    return {
      cancelled: row.cancelled ?? [],
      lostRuns: running.filter((run) => !owned.has(run.runId)).map((run) => run.runId),
      unheld: row.unheld ?? [],
      lost: this.lost.aborted,
      isDrained: row.isDrained ?? false,
    };
  }

  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    try {
      if (!this.lost.aborted)
        await this.#kernel.transact((tx) =>
          handBackRuns(tx, { workerId: this.workerId, reason: "the worker stopped", isStall: false }),
        );
    } finally {
      await this.#session[Symbol.asyncDispose]();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
