/**
 * One transaction on one pooled connection: begin, work, commit, roll back, run again. Owns the rules of when a
 * transaction may run again and when its connection must be thrown away; knows nothing of what the work is.
 */
import { delay, jitteredMs, RoostError } from "@roost/base";
import type { Pool, PoolClient } from "pg";
import { connectClient, type ConnectionSettings } from "./connect-client.ts";
import type { Transaction, TransactOptions } from "./database.ts";
import { OpenTransaction } from "./open-transaction.ts";
import { isConnectionLoss, isStalePlan, isTransientConflict, toDatabaseError } from "./to-database-error.ts";

const attemptsMax = 8;
const retryDelayMsMin = 4;
const retryDelayMsMax = 250;

export interface TransactionPlace {
  pool: Pool;
  /** For the short connection that cancels a statement: the pool may have none left. */
  settings: ConnectionSettings;
}

export async function transact<T>(
  place: TransactionPlace,
  work: (tx: Transaction) => Promise<T>,
  options: TransactOptions = {},
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptOnce(place, work, options);
    } catch (error) {
      if (!isTransientConflict(error) && !isStalePlan(error)) throw error;
      if (attempt === attemptsMax) {
        throw new RoostError(
          "unavailable",
          `the transaction lost against others ${attemptsMax} times (limit ${attemptsMax}): try again later`,
          { cause: error },
        );
      }
    }
    await delay(jitteredMs(Math.min(retryDelayMsMax, retryDelayMsMin * 2 ** attempt)));
  }
}

async function attemptOnce<T>(
  { pool, settings }: TransactionPlace,
  work: (tx: Transaction) => Promise<T>,
  { signal, isolation }: TransactOptions,
): Promise<T> {
  refuseAborted(signal);
  const client = await pool.connect().catch((error: unknown) => {
    throw toDatabaseError(error);
  });
  const tx = new OpenTransaction(client);
  const cancellation = cancelOnAbort(tx, client, settings, signal);
  let isReusable = true;
  try {
    refuseAborted(signal);
    await tx.query(`BEGIN ISOLATION LEVEL ${isolationLevels[isolation ?? "read committed"]}`);
    const result = await work(tx);
    await tx.settle();
    refuseAborted(signal);
    await commit(client);
    return result;
  } catch (error) {
    isReusable = (await rollBack(client, tx)) && !isStalePlan(error);
    throw error;
  } finally {
    await cancellation.settle();
    client.release(!isReusable);
  }
}

const isolationLevels = {
  "read committed": "READ COMMITTED",
  "repeatable read": "REPEATABLE READ",
  serializable: "SERIALIZABLE",
};

async function commit(client: PoolClient): Promise<void> {
  let command: string;
  try {
    command = (await client.query("COMMIT")).command;
  } catch (error) {
    if (!isConnectionLoss(error)) throw toDatabaseError(error);
    throw new RoostError(
      "unavailable",
      "the connection was lost during the commit: whether it happened is unknown, look before repeating it",
      { cause: error, details: { outcome: "unknown" } },
    );
  }
  // PostgreSQL answers ROLLBACK to the COMMIT of a transaction in which a statement failed.
  if (command === "COMMIT") return;
  throw new RoostError(
    "internal",
    "a statement of the transaction failed and its error was swallowed: everything was rolled back",
  );
}

/** Whether the connection is fit for further use. */
async function rollBack(client: PoolClient, tx: OpenTransaction): Promise<boolean> {
  await tx.settle();
  if (tx.connectionLost) return false;
  try {
    await client.query("ROLLBACK");
    return true;
  } catch {
    return false;
  }
}

/** On abort, refuses further statements and has the server end the running one. */
function cancelOnAbort(
  tx: OpenTransaction,
  client: PoolClient,
  settings: ConnectionSettings,
  signal: AbortSignal | undefined,
): { settle(): Promise<void> } {
  let cancelling: Promise<void> | undefined;
  const onAbort = () => {
    tx.close(abortedBy(signal));
    if (tx.isBusy) cancelling = cancelStatement(client, settings).catch(() => undefined);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  return {
    // The connection is kept until the cancellation has been answered, so that it can never hit a later user of it.
    async settle() {
      signal?.removeEventListener("abort", onAbort);
      await cancelling;
    },
  };
}

async function cancelStatement(client: PoolClient, settings: ConnectionSettings): Promise<void> {
  // The driver has the process number but does not declare it.
  const { processID } = client as unknown as { processID: number };
  const canceller = await connectClient(settings);
  try {
    await canceller.query("SELECT pg_cancel_backend($1)", [processID]);
  } finally {
    await canceller.end();
  }
}

function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedBy(signal);
}

function abortedBy(signal: AbortSignal | undefined): RoostError {
  return new RoostError("timeout", "the transaction was aborted by its signal and rolled back", {
    cause: signal?.reason,
  });
}
