/**
 * One transaction on one connection, from its first statement to its commit or rollback. BEGIN waits for the first statement and
 * travels with it. Trying again is transact's.
 */
import { RoostError } from "@roost/base";
import type { ClientBase } from "pg";
import type { CommittingTransaction, QueryOptions, TransactOptions } from "./database.ts";
import { runEnclosed, type EnclosedResult } from "./run-enclosed.ts";
import { runQuery } from "./run-query.ts";
import { isConnectionLoss, toDatabaseError } from "./to-database-error.ts";

export type Isolation = NonNullable<TransactOptions["isolation"]>;

/** What the work of a transaction is given: its connection, as long as it may use it. */
export class OpenTransaction implements CommittingTransaction {
  readonly #client: ClientBase;
  readonly #isolation: Isolation;
  #refusal: (() => RoostError) | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #hasBegun = false;
  isCommitted = false;
  /** A statement is on the wire. */
  isBusy = false;
  connectionLost = false;

  constructor(client: ClientBase, isolation: Isolation) {
    this.#client = client;
    this.#isolation = isolation;
  }

  query<Row = Record<string, unknown>>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]> {
    return this.#inTurn(async () => {
      // Without either it may be several statements in one text, which no pipeline takes.
      const isPipelined = values !== undefined || options?.name !== undefined;
      const begins = await this.#begin(isPipelined);
      if (!begins) return await runQuery<Row>(this.#client, text, values, options);
      return (await runEnclosed<Row>(this.#client, { begins, commits: false }, { text, values, options })).rows;
    });
  }

  commitWith<Row = Record<string, unknown>>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]> {
    return this.#inTurn(async () => {
      const begins = await this.#begin(true);
      return await this.#commit(() =>
        runEnclosed<Row>(this.#client, { begins, commits: true }, { text, values, options }),
      );
    });
  }

  /** From now on every statement is refused with what `reason` makes. */
  close(reason: () => RoostError): void {
    this.#refusal ??= reason;
  }

  /** Waits for statements that nobody waited for, and refuses further ones. */
  async settle(): Promise<void> {
    await this.#tail;
    this.close(
      () => new RoostError("internal", "the transaction has ended: its statements must be awaited inside transact"),
    );
  }

  /** Of a settled transaction. There is nothing to do when it never began. */
  async commit(): Promise<void> {
    if (!this.#hasBegun || this.isCommitted) return;
    try {
      await this.#commit(async () => ({ rows: [], committed: (await this.#client.query("COMMIT")).command }));
    } catch (error) {
      throw toDatabaseError(error);
    }
  }

  /** Of a settled transaction; says whether its connection is fit for further use. */
  async rollBack(): Promise<boolean> {
    if (this.connectionLost) return false;
    if (!this.#hasBegun || this.isCommitted) return true;
    try {
      await this.#client.query("ROLLBACK");
      return true;
    } catch {
      return false;
    }
  }

  /** One statement at a time: concurrent calls wait for each other in the order they were made. */
  #inTurn<Row>(send: () => Promise<Row[]>): Promise<Row[]> {
    const rows = this.#tail.then(() => this.#run(send));
    this.#tail = rows.catch(() => undefined);
    return rows;
  }

  async #run<Row>(send: () => Promise<Row[]>): Promise<Row[]> {
    this.#refuseClosed();
    this.isBusy = true;
    try {
      return await send();
    } catch (error) {
      if (error instanceof RoostError) throw error;
      if (isConnectionLoss(error)) this.connectionLost = true;
      this.#refuseClosed();
      throw toDatabaseError(error);
    } finally {
      this.isBusy = false;
    }
  }

  #refuseClosed(): void {
    if (this.#refusal !== undefined) throw this.#refusal();
  }

  /** Whether the next statement shall take BEGIN along. */
  async #begin(isPipelined: boolean): Promise<boolean> {
    if (this.#hasBegun) return false;
    this.#hasBegun = true;
    if (isPipelined && this.#isolation === "read committed") return true;
    await this.#client.query(`BEGIN ISOLATION LEVEL ${isolationLevels[this.#isolation]}`);
    return false;
  }

  /** Throws the driver's error as long as it is certain that nothing was committed. */
  async #commit<Row>(send: () => Promise<EnclosedResult<Row>>): Promise<Row[]> {
    let result: EnclosedResult<Row>;
    try {
      result = await send();
    } catch (error) {
      if (!isConnectionLoss(error)) throw error;
      this.connectionLost = true;
      throw new RoostError(
        "unavailable",
        "the connection was lost during the commit: whether it happened is unknown, look before repeating it",
        { cause: error, details: { outcome: "unknown" } },
      );
    }
    // PostgreSQL answers ROLLBACK to the COMMIT of a transaction in which a statement failed.
    if (result.committed !== "COMMIT") {
      throw new RoostError(
        "internal",
        "a statement of the transaction failed and its error was swallowed: everything was rolled back",
      );
    }
    this.isCommitted = true;
    this.close(() => new RoostError("internal", "the transaction is committed: commitWith runs its last statement"));
    return result.rows;
  }
}

const isolationLevels = {
  "read committed": "READ COMMITTED",
  "repeatable read": "REPEATABLE READ",
  serializable: "SERIALIZABLE",
};
