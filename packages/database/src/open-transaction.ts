/** One transaction on one connection: begin, work, commit or roll back. Trying again is transact's. */
import { RoostError } from "@roost/base";
import type { ClientBase } from "pg";
import type { QueryOptions, Transaction } from "./database.ts";
import { runQuery } from "./run-query.ts";
import { isConnectionLoss, toDatabaseError } from "./to-database-error.ts";

/** What the work of a transaction is given: its connection, as long as it may use it. */
export class OpenTransaction implements Transaction {
  readonly #client: ClientBase;
  #closed: RoostError | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  /** A statement is on the wire. */
  isBusy = false;
  connectionLost = false;

  constructor(client: ClientBase) {
    this.#client = client;
  }

  // One statement at a time: concurrent calls wait for each other in the order they were made.
  query<Row = Record<string, unknown>>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]> {
    const rows = this.#tail.then(() => this.#run<Row>(text, values, options));
    this.#tail = rows.catch(() => undefined);
    return rows;
  }

  /** From now on every statement is refused with `reason`. */
  close(reason: RoostError): void {
    this.#closed ??= reason;
  }

  /** Waits for statements that nobody waited for, and refuses further ones. */
  async settle(): Promise<void> {
    await this.#tail;
    this.close(new RoostError("internal", "the transaction has ended: its statements must be awaited inside transact"));
  }

  #refuseClosed(): void {
    if (this.#closed !== undefined) throw this.#closed;
  }

  async #run<Row>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]> {
    this.#refuseClosed();
    this.isBusy = true;
    try {
      return await runQuery<Row>(this.#client, text, values, options);
    } catch (error) {
      if (isConnectionLoss(error)) this.connectionLost = true;
      this.#refuseClosed();
      throw toDatabaseError(error);
    } finally {
      this.isBusy = false;
    }
  }
}
