/**
 * A pool of connections to PostgreSQL, wherever it runs. Owns the pool, the version check and the translation of driver errors;
 * openEmbeddedPostgres starts servers.
 */
import { RoostError, type Logger } from "@roost/base";
import { Pool, type PoolClient } from "pg";
import { clientConfig, prepareConnection, type ConnectionSettings } from "./connect-client.ts";
import type {
  CommittingTransaction,
  Database,
  QueryOptions,
  Sql,
  DatabaseSession,
  DatabaseSessionOptions,
  TransactOptions,
} from "./database.ts";
import { createListener, type Listener } from "./create-listener.ts";
import { isReadableOnTheWay, parseDatabaseUrl } from "./database-url.ts";
import { openSession } from "./open-session.ts";
import { refuseLentSessions } from "./refuse-lent-sessions.ts";
import { retryConflicts } from "./retry-conflicts.ts";
import { runQuery } from "./run-query.ts";
import { createServerHosts } from "./server-hosts.ts";
import { isConnectionLoss, isStalePlan, sqlStateOf, toDatabaseError } from "./to-database-error.ts";
import { readTogether, takeConnection, transact } from "./transact.ts";

const stalePlanRetriesMax = 16;

export interface OpenDatabaseOptions {
  /**
   * `postgresql://user:password@host/name`, or `postgresql://user@/name?host=/socket/directory`. Of several hosts (`one:5432,two:5432`) the one that
   * takes writes is used, and found again after a failover.
   */
  url: string;
  poolMax?: number | undefined;
  applicationName: string;
  logger: Logger;
  /** Default 30,000. 0 is no limit. */
  statementTimeoutMsMax?: number;
  /** How long a transaction may be idle. Default 60,000. */
  idleInTransactionMsMax?: number;
  /** A connection that has been idle for so long is closed. Default 60,000. */
  idleConnectionMsMax?: number;
  /** One stays however long it is idle, with the plans that it has made: the first statements of a new one cost milliseconds more. Default true. */
  keepsOne?: boolean;
  /** Idle connections do not keep the process going; that of notifications stays when nothing is subscribed. Default false. */
  exitsWhenIdle?: boolean | undefined;
  /** All transactions of these connections are read-only, enforced by the server. Default false. */
  isReadOnly?: boolean;
}

/**
 * @throws RoostError `unavailable` when no server answers, `invalid_input` for an invalid URL, a server older than 15 or a pooler that lends sessions for
 * single transactions
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  const { url, poolMax = 8, applicationName, logger, statementTimeoutMsMax = 30_000 } = options;
  const { isReadOnly = false, idleInTransactionMsMax, idleConnectionMsMax = 60_000, keepsOne = true } = options;
  const { exitsWhenIdle = false } = options;
  const parsed = parseDatabaseUrl(url);
  for (const host of parsed.hosts.filter(isReadableOnTheWay))
    logger.warn("the connection to PostgreSQL is not encrypted: add sslmode=verify-full to the database URL", {
      host: host.name,
    });
  const settings: ConnectionSettings = {
    hosts: createServerHosts(parsed),
    applicationName,
    statementTimeoutMsMax,
    idleInTransactionMsMax,
    isReadOnly,
  };
  const pooler = { isThere: false };
  const pool = new Pool({
    ...clientConfig(settings),
    max: poolMax,
    min: keepsOne ? 1 : 0,
    idleTimeoutMillis: idleConnectionMsMax,
    allowExitOnIdle: exitsWhenIdle,
    // oxlint-disable-next-line typescript/no-misused-promises -- the pool waits for it, its types do not say so
    onConnect: async (client) => {
      pooler.isThere = await prepareConnection(client, settings);
    },
  });
  // A connection that dies while checked out has no other listener, and an unhandled 'error' ends the process.
  pool.on("connect", (client) => client.on("error", () => undefined));
  pool.on("error", (error) => logger.warn("an idle connection to PostgreSQL was lost", { reason: error.message }));
  const database = new PooledDatabase(pool, settings, createListener(settings, { logger, keepsIdle: exitsWhenIdle }));
  try {
    await refuseOldServer(database);
    if (pooler.isThere) await refuseLentSessions(database, settings);
  } catch (error) {
    await database[Symbol.asyncDispose]();
    throw explainRefusal(error);
  }
  return database;
}

class PooledDatabase implements Database {
  readonly #pool: Pool;
  readonly #settings: ConnectionSettings;
  readonly #listener: Listener;
  #closed: Promise<void> | undefined;

  constructor(pool: Pool, settings: ConnectionSettings, listener: Listener) {
    this.#pool = pool;
    this.#settings = settings;
    this.#listener = listener;
  }

  query<Row = Record<string, unknown>>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]> {
    return retryConflicts(() => this.#queryPlanned<Row>(text, values, options));
  }

  async #queryPlanned<Row>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]> {
    // The failed statement changed nothing, so another connection may run it; each retry discards one old connection.
    for (let retries = 0; ; retries += 1) {
      try {
        return await this.#queryOnce<Row>(text, values, options);
      } catch (error) {
        if (!isStalePlan(error) || retries === stalePlanRetriesMax) throw error;
      }
    }
  }

  async #queryOnce<Row>(text: string, values?: unknown[], options?: QueryOptions): Promise<Row[]> {
    let client: PoolClient | undefined;
    let discard = false;
    try {
      client = await takeConnection(this.#pool, this.#settings);
      return await runQuery<Row>(client, text, values, options);
    } catch (error) {
      discard = isConnectionLoss(error) || isStalePlan(error);
      throw toDatabaseError(error);
    } finally {
      client?.release(discard);
    }
  }

  transact<T>(work: (tx: CommittingTransaction) => Promise<T>, options?: TransactOptions): Promise<T> {
    return transact({ pool: this.#pool, settings: this.#settings }, work, options);
  }

  together<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return readTogether({ pool: this.#pool, settings: this.#settings }, work);
  }

  listen(channel: string, onPayload: (payload: string) => void): Promise<AsyncDisposable> {
    return this.#listener.listen(channel, onPayload);
  }

  openSession({ isUnlimited = false }: DatabaseSessionOptions = {}): Promise<DatabaseSession> {
    return openSession(isUnlimited ? { ...this.#settings, statementTimeoutMsMax: 0 } : this.#settings);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= Promise.all([this.#listener[Symbol.asyncDispose](), this.#pool.end()]).then(() => undefined);
    return this.#closed;
  }
}

async function refuseOldServer(database: Database): Promise<void> {
  const [version] = await database.query<{ number: number; text: string }>(
    `SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS text`,
  );
  requireServerVersion(version?.number ?? 0, version?.text ?? "of unknown version");
}

// The message never holds the URL, which may contain a password.
function explainRefusal(error: unknown): unknown {
  const refusals = ["28", "3D"];
  if (!(error instanceof RoostError) || !refusals.includes((sqlStateOf(error) ?? "").slice(0, 2))) return error;
  return new RoostError(
    "invalid_input",
    `the server refuses the database URL, correct DATABASE_URL: ${error.message}`,
    {
      cause: error,
    },
  );
}

const serverVersionMin = 150_000;

/** @throws RoostError `invalid_input` for a server older than 15; `number` as in server_version_num */
export function requireServerVersion(number: number, text: string): void {
  if (number >= serverVersionMin) return;
  throw new RoostError(
    "invalid_input",
    `the server is PostgreSQL ${text}, the oldest supported is 15: upgrade it, or unset DATABASE_URL to use the bundled one`,
  );
}
