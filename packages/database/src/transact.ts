/**
 * One transaction on one pooled connection: begin, work, commit, roll back, retry. Owns the rules of when to repeat a transaction and when to
 * discard its connection.
 */
import { RoostError } from "@roost/base";
import type { Pool, PoolClient } from "pg";
import { cancelUntilEnded } from "./cancel-until-ended.ts";
import { limitAnswers, type ConnectionSettings } from "./connect-client.ts";
import type { CommittingTransaction, Sql, TransactOptions } from "./database.ts";
import { OpenTransaction, type Isolation } from "./open-transaction.ts";
import { retryConflicts } from "./retry-conflicts.ts";
import { isStalePlan, toDatabaseError } from "./to-database-error.ts";

export interface TransactionPlace {
  pool: Pool;
  /** For the short connection that cancels a statement: the pool may be exhausted. */
  settings: ConnectionSettings;
}

/** Of the pool: one that is free, or a new one to the host that takes writes. Throws the driver's error. */
export function takeConnection(pool: Pool, { hosts }: ConnectionSettings): Promise<PoolClient> {
  return hosts.connect((url) => {
    // What the pool gives its next new connection.
    (pool.options as { connectionString?: string }).connectionString = url;
    return pool.connect();
  });
}

export function transact<T>(
  place: TransactionPlace,
  work: (tx: CommittingTransaction) => Promise<T>,
  options: TransactOptions = {},
): Promise<T> {
  return retryConflicts(() => attemptOnce(place, work, options));
}

/** As transact, without a transaction around the statements. */
export function readTogether<T>(place: TransactionPlace, work: (sql: Sql) => Promise<T>): Promise<T> {
  return retryConflicts(() => attemptOnce(place, work, { isolation: "none" }));
}

async function attemptOnce<T>(
  { pool, settings }: TransactionPlace,
  work: (tx: CommittingTransaction) => Promise<T>,
  {
    signal,
    isolation,
    isUnlimited = false,
  }: Omit<TransactOptions, "isolation"> & { isolation?: Isolation | undefined },
): Promise<T> {
  refuseAborted(signal);
  const client = await takeConnection(pool, settings).catch((error: unknown) => {
    throw toDatabaseError(error);
  });
  const tx = new OpenTransaction(client, isolation ?? "read committed");
  const cancellation = cancelOnAbort(tx, client, settings, signal);
  let isReusable = true;
  if (isUnlimited) limitAnswers(client, settings, false);
  try {
    refuseAborted(signal);
    if (isUnlimited) await tx.query("SET LOCAL statement_timeout = 0");
    const result = await work(tx);
    await tx.settle();
    if (!tx.isCommitted) refuseAborted(signal);
    await tx.commit();
    return result;
  } catch (error) {
    await tx.settle();
    // A cancellation still in flight would hit the rollback.
    await cancellation.settle();
    isReusable = (await tx.rollBack()) && !isStalePlan(error);
    throw error;
  } finally {
    await cancellation.settle();
    if (isUnlimited) limitAnswers(client, settings, true);
    client.release(!isReusable);
  }
}

/** On abort, refuses further statements and has the server end the running one. */
function cancelOnAbort(
  tx: OpenTransaction,
  client: PoolClient,
  settings: ConnectionSettings,
  signal: AbortSignal | undefined,
): { settle(): Promise<void> } {
  // The driver has the process number and the server's place but does not declare them.
  const { processID, host, port } = client as unknown as { processID: number; host: string; port: number };
  let cancelling: Promise<void> | undefined;
  const onAbort = () => {
    tx.close(() => abortedBy(signal));
    const ended = tx.whenIdle();
    if (ended !== undefined)
      cancelling = cancelUntilEnded(processID, { ...settings, hosts: settings.hosts.only({ host, port }) }, ended);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  return {
    // The connection is kept until the last request is answered, so that none hits its next user.
    async settle() {
      signal?.removeEventListener("abort", onAbort);
      await cancelling;
    },
  };
}

function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedBy(signal);
}

function abortedBy(signal: AbortSignal | undefined): RoostError {
  return new RoostError("timeout", "the transaction was aborted by its signal and rolled back", {
    cause: signal?.reason,
  });
}
