/** Something that runs SQL: the pool, a transaction, or a session. */
export interface Sql {
  /**
   * Runs one statement and returns its rows. With `values` or `name` the extended protocol is used; `name` prepares
   * the statement once per connection. int8 arrives as a number, jsonb parsed, timestamptz as Date, numeric as string.
   * Outside a transaction a statement that loses against others (serialization failure, deadlock) is run again.
   *
   * @throws RoostError: `conflict` (unique, exclusion), `invalid_input` (constraint or malformed value), `timeout`
   * (statement timeout), `unavailable` (the connection was lost), `internal` (everything else); the driver's error is the cause.
   */
  query<Row = Record<string, unknown>>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]>;
}

export interface QueryOptions {
  /** Name of the prepared statement. One name always stands for one text. */
  name?: string;
}

/** Statements that commit together or not at all. Valid only until the `work` it was given to has settled. */
export interface Transaction extends Sql {}

/** What the work of a transaction is given. */
export interface CommittingTransaction extends Transaction {
  /**
   * Runs the last statement and commits with it, in one round trip. Every later statement is refused.
   *
   * @throws as `query` does, and `unavailable` with `details.outcome` "unknown" when the connection was lost: it may have happened
   */
  commitWith<Row = Record<string, unknown>>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]>;
}

export interface TransactOptions {
  /** Aborting rolls back; the promise rejects with `timeout`. A commit that was already sent is not taken back. */
  signal?: AbortSignal;
  /** Default: `read committed`. */
  isolation?: "read committed" | "repeatable read" | "serializable";
}

/** One dedicated connection, for state that lives and dies with it, such as session-level advisory locks. */
export interface Session extends Sql, AsyncDisposable {
  /** Aborted when the connection is lost or closed: whatever the session held is gone. */
  readonly lost: AbortSignal;
}

/** A pool of connections to one PostgreSQL database. */
export interface Database extends Sql, AsyncDisposable {
  /**
   * Runs `work` in one transaction. A serialization failure or a deadlock runs `work` again, a limited number of
   * times, so `work` must have no effects outside the transaction.
   */
  transact<T>(work: (tx: CommittingTransaction) => Promise<T>, options?: TransactOptions): Promise<T>;
  /**
   * Calls `onPayload` for each notification. After a lost connection it listens again by itself and calls
   * `onPayload('')`, because notifications may have been missed: polling is the truth.
   */
  listen(channel: string, onPayload: (payload: string) => void): Promise<AsyncDisposable>;
  openSession(): Promise<Session>;
}
