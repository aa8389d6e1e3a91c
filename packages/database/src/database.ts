/** Runs SQL: the pool, a transaction, or a session. */
export interface Sql {
  /**
   * Runs one statement and returns its rows. With `values` or `name` the extended protocol is used; `name` prepares the statement once per
   * connection. int8 arrives as a number, jsonb parsed, timestamptz as Date, numeric as string. Outside a transaction a statement is retried after
   * a serialization failure or deadlock.
   *
   * @throws RoostError: `conflict` (unique, exclusion), `invalid_input` (constraint or malformed value), `timeout` (statement timeout),
   * `unavailable` (the connection was lost), `internal` (everything else); the driver's error is the cause.
   */
  query<Row = Record<string, unknown>>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]>;
}

export interface QueryOptions {
  /** Name of the prepared statement. A name always stands for the same text. */
  name?: string;
}

/** Statements that commit together or not at all. Valid until `work` has settled. */
export interface Transaction extends Sql {}

/** The argument of a transaction's work. */
export interface CommittingTransaction extends Transaction {
  /**
   * Runs the last statement and commits, in one round trip. Later statements are refused.
   *
   * @throws as `query` does, and `unavailable` with `details.outcome` "unknown" when the connection was lost: it may have committed
   */
  commitWith<Row = Record<string, unknown>>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]>;
}

export interface TransactOptions {
  /** Aborting rolls back, and the promise rejects with `timeout`. A commit already sent is not undone. */
  signal?: AbortSignal;
  /** Default: `read committed`. */
  isolation?: "read committed" | "repeatable read" | "serializable";
  /** Its statements have no time limit. Default false. */
  isUnlimited?: boolean;
}

export interface DatabaseSessionOptions {
  /** Its statements take as long as they take, as one that waits for a lock. Default false. */
  isUnlimited?: boolean;
}

/** A dedicated connection for state bound to it, such as session-level advisory locks. */
export interface DatabaseSession extends Sql, AsyncDisposable {
  /** Aborted when the connection is lost or closed: whatever the session held is gone. */
  readonly lost: AbortSignal;
}

/** A pool of connections to one PostgreSQL database. */
export interface Database extends Sql, AsyncDisposable {
  /**
   * Runs `work` in one transaction. After a serialization failure or a deadlock `work` is repeated, a limited number of times, so it must have no
   * effects outside the transaction.
   */
  transact<T>(work: (tx: CommittingTransaction) => Promise<T>, options?: TransactOptions): Promise<T>;
  /**
   * Runs reads on one connection, each a statement of its own. Those that are issued before an earlier answer has come travel together, and fail
   * together.
   */
  together<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /**
   * Calls `onPayload` for each notification. After a lost connection it listens again and calls
   * `onPayload('')`, because notifications may have been missed: only polling is certain.
   */
  listen(channel: string, onPayload: (payload: string) => void): Promise<AsyncDisposable>;
  openSession(options?: DatabaseSessionOptions): Promise<DatabaseSession>;
}
