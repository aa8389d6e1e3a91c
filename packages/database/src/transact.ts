/**
 * One transaction on one pooled connection: begin, work, commit, roll back, run again. Owns the rules of when a
 * transaction may run again and when its connection must be thrown away; knows nothing of what the work is.
 */
import { delay, RoostError } from "@roost/base";
import type { Pool, PoolClient } from "pg";
import type { QueryOptions, Transaction, TransactOptions } from "./database.ts";
import { runQuery } from "./run-query.ts";
import { isConnectionLoss, isStalePlan, isTransientConflict, toDatabaseError } from "./to-database-error.ts";

const attemptsMax = 8;
const retryDelayMsMin = 4;
const retryDelayMsMax = 250;

export async function transact<T>(
  pool: Pool,
  work: (tx: Transaction) => Promise<T>,
  options: TransactOptions = {},
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await attemptOnce(pool, work, options);
    } catch (error) {
      const again = isTransientConflict(error) || isStalePlan(error);
      if (!again) throw error;
      if (attempt === attemptsMax) {
        throw new RoostError(
          "unavailable",
          `the transaction lost against others ${attemptsMax} times (limit ${attemptsMax}): try again later`,
          { cause: error },
        );
      }
      const ceilingMs = Math.min(retryDelayMsMax, retryDelayMsMin * 2 ** attempt);
      await delay(Math.random() * ceilingMs, options.signal === undefined ? {} : { signal: options.signal });
    }
  }
}

async function attemptOnce<T>(pool: Pool, work: (tx: Transaction) => Promise<T>, options: TransactOptions): Promise<T> {
  refuseAborted(options.signal);
  const client = await pool.connect().catch((error: unknown) => {
    throw toDatabaseError(error);
  });
  const tx = new OpenTransaction(client);
  const cancel = cancelOnAbort(pool, client, tx, options.signal);
  let discard = false;
  try {
    await tx.query(`BEGIN ISOLATION LEVEL ${isolationLevel(options.isolation)}`);
    const result = await work(tx);
    await tx.settle();
    refuseAborted(options.signal);
    await commit(client);
    return result;
  } catch (error) {
    discard = !(await rollBack(client, tx)) || isStalePlan(error);
    throw error;
  } finally {
    await cancel.done();
    client.release(discard);
  }
}

class OpenTransaction implements Transaction {
  readonly #client: PoolClient;
  #closed: RoostError | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  connectionLost = false;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  // One statement at a time: concurrent calls wait for each other in the order they were made.
  query<Row = Record<string, unknown>>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]> {
    const rows = this.#tail.then(() => this.#run<Row>(text, values, options));
    this.#tail = rows.catch(() => undefined);
    return rows;
  }

  async #run<Row>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]> {
    if (this.#closed !== undefined) throw this.#closed;
    try {
      return await runQuery<Row>(this.#client, text, values, options);
    } catch (error) {
      if (isConnectionLoss(error)) this.connectionLost = true;
      throw toDatabaseError(error);
    }
  }

  /** From now on every statement is refused with `reason`. */
  close(reason: RoostError): void {
    this.#closed ??= reason;
  }

  /** Waits for statements nobody waited for and refuses further ones. */
  async settle(): Promise<void> {
    await this.#tail;
    this.close(new RoostError("internal", "the transaction has ended: its statements must be awaited inside transact"));
  }
}

async function commit(client: PoolClient): Promise<void> {
  let command: string;
  try {
    command = (await client.query("COMMIT")).command;
  } catch (error) {
    if (!isConnectionLoss(error)) throw toDatabaseError(error);
    throw new RoostError(
      "unavailable",
      "the connection was lost during the commit: whether it happened is unknown, look before repeating it",
      {
        cause: error,
        details: { outcome: "unknown" },
      },
    );
  }
  // PostgreSQL answers ROLLBACK to the COMMIT of a transaction in which a statement failed.
  if (command === "ROLLBACK")
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

function cancelOnAbort(
  pool: Pool,
  client: PoolClient,
  tx: OpenTransaction,
  signal: AbortSignal | undefined,
): { done(): Promise<void> } {
  if (signal === undefined) return { done: async () => undefined };
  let cancelled: Promise<unknown> | undefined;
  const onAbort = () => {
    tx.close(abortedBy(signal));
    // The connection is kept until this has been answered, so that it can never hit a later user of the connection.
    const processId = (client as unknown as { processID: number }).processID;
    cancelled = pool.query("SELECT pg_cancel_backend($1)", [processId]).catch(() => undefined);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  return {
    async done() {
      signal.removeEventListener("abort", onAbort);
      await cancelled;
    },
  };
}

function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortedBy(signal);
}

function abortedBy(signal: AbortSignal): RoostError {
  return new RoostError("timeout", "the transaction was aborted by its signal and rolled back", {
    cause: signal.reason,
  });
}

function isolationLevel(isolation: TransactOptions["isolation"] = "read committed"): string {
  const levels = {
    "read committed": "READ COMMITTED",
    "repeatable read": "REPEATABLE READ",
    serializable: "SERIALIZABLE",
  };
  return levels[isolation];
}
